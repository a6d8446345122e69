// SPDX-License-Identifier: GPL-2.0
/*
 * Puts to and gets from the memory of another process by UCX, each byte of it
 * checked. UCX_TLS, which UCX itself reads, says by which way.
 *
 * The other process makes no progress for UCX meanwhile: what does not go
 * through memory alone hangs, and is not taken for what was meant.
 */
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ucp/api/ucp.h>

#define SIZE		(4UL << 20)
#define PAGE		4096UL
#define BLOB_MAX	4096
#define CONNECT_TRIES	500

static const char usage_text[] =
"usage: ucx_client [--provided] --serve SOCKET\n"
"       ucx_client [--provided] SOCKET\n"
"\n"
"Puts to and gets from the memory of a process that serves, and checks each\n"
"byte. Both begin at the same time, in any order; the one that serves ends\n"
"with the other one.\n"
"\n"
"  -s, --serve      be the one whose memory it is\n"
"  -p, --provided   memory is what UCX provides, not the process's own; some\n"
"                   transports need that\n"
"  -h, --help       this text\n"
"\n"
"UCX_TLS=TRANSPORTS says how; see ucx_info -c.\n"
"\n"
"Exit status: 0 all bytes were right; 1 not, or UCX has failed.\n";

/* What the client asks of the one that serves; the answer is a number. */
enum kind {
	FILL,		/* with the pattern @seed: 0 */
	COUNT_WRONG,	/* the bytes that are not of the pattern @seed */
	REPLACE,	/* other pages, in the same place: 0 */
};

struct request {
	enum kind kind;
	uint64_t seed;
	size_t offset;
	size_t len;
};

/* First of all, from the one that serves. */
struct hello {
	uint64_t memory;
	size_t address_len;
	size_t rkey_len;
	char blobs[BLOB_MAX];
};

struct peer {
	int sock;
	ucp_context_h context;
	ucp_worker_h worker;
	ucp_ep_h ep;
	ucp_rkey_h rkey;
	uint64_t memory;
};

/* What is tried: inside of a page, across pages, and all. */
static const struct part {
	size_t offset;
	size_t len;
} parts[] = {
	{ 0, 1 },
	{ 7, 8 },
	{ PAGE - 1, 2 },
	{ 3 * PAGE, PAGE },
	{ 100, (64UL << 10) + 1 },
	{ (2UL << 20) - 8, 16 },
	{ (1UL << 20) - 8, (1UL << 20) + 16 },
	{ 0, SIZE },
};

static void must(ucs_status_t status, const char *what)
{
	if (status != UCS_OK)
		errx(1, "%s: %s", what, ucs_status_string(status));
}

static unsigned char byte_of(uint64_t seed, size_t at)
{
	uint64_t x = at * 0x9e3779b97f4a7c15ULL + seed * 0xd6e8feb86659fd93ULL;

	x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9ULL;
	return x >> 56;
}

static void fill(unsigned char *memory, struct part part, uint64_t seed)
{
	for (size_t i = 0; i < part.len; i++)
		memory[part.offset + i] = byte_of(seed, part.offset + i);
}

static size_t wrong(const unsigned char *memory, struct part part,
		    uint64_t seed)
{
	size_t n = 0;

	for (size_t i = part.offset; i < part.offset + part.len; i++)
		n += memory[i] != byte_of(seed, i);
	return n;
}

static void begin_ucx(struct peer *p)
{
	ucp_params_t params = {
		.field_mask = UCP_PARAM_FIELD_FEATURES,
		.features = UCP_FEATURE_RMA,
	};
	ucp_worker_params_t worker_params = {
		.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE,
		.thread_mode = UCS_THREAD_MODE_SINGLE,
	};

	must(ucp_init(&params, NULL, &p->context), "ucp_init");
	must(ucp_worker_create(p->context, &worker_params, &p->worker),
	     "ucp_worker_create");
}

static void end_ucx(struct peer *p)
{
	ucp_worker_destroy(p->worker);
	ucp_cleanup(p->context);
}

static struct sockaddr_un socket_address(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(addr.sun_path))
		errx(1, "%s: longer than the name of a socket may be (%zu)",
		     path, sizeof(addr.sun_path) - 1);
	strcpy(addr.sun_path, path);
	return addr;
}

static int new_socket(void)
{
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (sock < 0)
		err(1, "socket");
	return sock;
}

static int wait_for_client(const char *path)
{
	struct sockaddr_un addr = socket_address(path);
	int listener = new_socket(), sock;

	unlink(path);
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(listener, 1))
		err(1, "%s", path);
	sock = accept(listener, NULL, NULL);
	if (sock < 0)
		err(1, "%s", path);
	close(listener);
	unlink(path);
	return sock;
}

/* The other one may need a while to come up. */
static int connect_to(const char *path)
{
	struct sockaddr_un addr = socket_address(path);
	int sock = new_socket();

	for (int i = 0; i < CONNECT_TRIES; i++) {
		if (!connect(sock, (struct sockaddr *)&addr, sizeof(addr)))
			return sock;
		usleep(20000);
	}
	err(1, "%s", path);
}

/* Memory of the process, or of UCX, that others reach. */
static ucp_mem_h memory_for(ucp_context_h context, bool provided,
			    unsigned char **memory)
{
	ucp_mem_map_params_t params = {
		.field_mask = UCP_MEM_MAP_PARAM_FIELD_LENGTH |
			      UCP_MEM_MAP_PARAM_FIELD_FLAGS,
		.length = SIZE,
		.flags = UCP_MEM_MAP_ALLOCATE,
	};
	ucp_mem_attr_t attr = { .field_mask = UCP_MEM_ATTR_FIELD_ADDRESS };
	ucp_mem_h handle;

	if (!provided) {
		params.address = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (params.address == MAP_FAILED)
			err(1, "memory of %zu bytes", SIZE);
		params.field_mask |= UCP_MEM_MAP_PARAM_FIELD_ADDRESS;
		params.flags = 0;
	}
	must(ucp_mem_map(context, &params, &handle), "ucp_mem_map");
	must(ucp_mem_query(handle, &attr), "ucp_mem_query");
	*memory = attr.address;
	return handle;
}

static void say_hello(struct peer *p, ucp_mem_h handle,
		      const unsigned char *memory)
{
	struct hello hello = { .memory = (uintptr_t)memory };
	ucp_address_t *address;
	void *rkey;

	must(ucp_worker_get_address(p->worker, &address, &hello.address_len),
	     "ucp_worker_get_address");
	must(ucp_rkey_pack(p->context, handle, &rkey, &hello.rkey_len),
	     "ucp_rkey_pack");
	if (hello.address_len + hello.rkey_len > sizeof(hello.blobs))
		errx(1, "address and key are of %zu and %zu bytes: too long",
		     hello.address_len, hello.rkey_len);
	memcpy(hello.blobs, address, hello.address_len);
	memcpy(hello.blobs + hello.address_len, rkey, hello.rkey_len);
	if (send(p->sock, &hello, sizeof(hello), 0) != sizeof(hello))
		err(1, "to the client");
	ucp_rkey_buffer_release(rkey);
	ucp_worker_release_address(p->worker, address);
}

static size_t answer(unsigned char *memory, const struct request *req)
{
	struct part part = { req->offset, req->len };

	switch (req->kind) {
	case FILL:
		fill(memory, part, req->seed);
		break;
	case COUNT_WRONG:
		return wrong(memory, part, req->seed);
	case REPLACE:
		if (mmap(memory, SIZE, PROT_READ | PROT_WRITE, MAP_FIXED |
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
			err(1, "other memory of %zu bytes", SIZE);
		break;
	}
	return 0;
}

static int serve(const char *path, bool provided)
{
	unsigned char *memory;
	struct request req;
	struct peer p = {};
	ucp_mem_h handle;
	size_t reply;

	begin_ucx(&p);
	handle = memory_for(p.context, provided, &memory);
	p.sock = wait_for_client(path);
	say_hello(&p, handle, memory);
	while (recv(p.sock, &req, sizeof(req), 0) == sizeof(req)) {
		reply = answer(memory, &req);
		if (send(p.sock, &reply, sizeof(reply), 0) != sizeof(reply))
			err(1, "to the client");
	}
	must(ucp_mem_unmap(p.context, handle), "ucp_mem_unmap");
	end_ucx(&p);
	return 0;
}

static void meet(struct peer *p, const char *path)
{
	ucp_ep_params_t params = {
		.field_mask = UCP_EP_PARAM_FIELD_REMOTE_ADDRESS,
	};
	struct hello hello;

	p->sock = connect_to(path);
	if (recv(p->sock, &hello, sizeof(hello), 0) != sizeof(hello))
		err(1, "%s: nothing from the one that serves", path);
	params.address = (void *)hello.blobs;
	must(ucp_ep_create(p->worker, &params, &p->ep), "ucp_ep_create");
	must(ucp_ep_rkey_unpack(p->ep, hello.blobs + hello.address_len,
				&p->rkey), "ucp_ep_rkey_unpack");
	p->memory = hello.memory;
}

static size_t ask(struct peer *p, enum kind what, struct part part,
		  uint64_t seed)
{
	struct request req = {
		.kind = what,
		.seed = seed,
		.offset = part.offset,
		.len = part.len,
	};
	size_t reply;

	if (send(p->sock, &req, sizeof(req), 0) != sizeof(req) ||
	    recv(p->sock, &reply, sizeof(reply), 0) != sizeof(reply))
		errx(1, "the one that serves is gone");
	return reply;
}

static void finish(struct peer *p, void *request, const char *what)
{
	ucs_status_t status = UCS_INPROGRESS;

	if (!request)
		return;
	if (UCS_PTR_IS_ERR(request))
		must(UCS_PTR_STATUS(request), what);
	while (status == UCS_INPROGRESS) {
		ucp_worker_progress(p->worker);
		status = ucp_request_check_status(request);
	}
	ucp_request_free(request);
	must(status, what);
}

static void put(struct peer *p, const unsigned char *copy, struct part part)
{
	const ucp_request_param_t none = {};

	finish(p, ucp_put_nbx(p->ep, copy + part.offset, part.len,
			      p->memory + part.offset, p->rkey, &none),
	       "ucp_put_nbx");
	finish(p, ucp_ep_flush_nbx(p->ep, &none), "ucp_ep_flush_nbx");
}

static void get(struct peer *p, unsigned char *copy, struct part part)
{
	const ucp_request_param_t none = {};

	finish(p, ucp_get_nbx(p->ep, copy + part.offset, part.len,
			      p->memory + part.offset, p->rkey, &none),
	       "ucp_get_nbx");
	finish(p, ucp_ep_flush_nbx(p->ep, &none), "ucp_ep_flush_nbx");
}

static bool right(size_t count, const char *where, struct part part)
{
	if (count)
		fprintf(stderr, "ucx_client: %s of %zu bytes at +%#zx: %zu bytes are wrong\n",
			where, part.len, part.offset, count);
	return !count;
}

/* What is around @part. */
static struct part before(struct part part)
{
	return (struct part){ 0, part.offset };
}

static struct part behind(struct part part)
{
	size_t end = part.offset + part.len;

	return (struct part){ end, SIZE - end };
}

/* There and back: @part alone changes, on both sides. */
static bool try_part(struct peer *p, unsigned char *copy, struct part part,
		     uint64_t seed)
{
	const struct part all = { 0, SIZE };

	ask(p, FILL, all, seed);
	fill(copy, all, 0);
	get(p, copy, part);
	if (!right(wrong(copy, part, seed), "a get", part) ||
	    !right(wrong(copy, before(part), 0), "before a get", part) ||
	    !right(wrong(copy, behind(part), 0), "behind a get", part))
		return false;
	fill(copy, part, seed + 1);
	put(p, copy, part);
	return right(ask(p, COUNT_WRONG, part, seed + 1), "a put", part) &&
	       right(ask(p, COUNT_WRONG, before(part), seed),
		     "before a put", part) &&
	       right(ask(p, COUNT_WRONG, behind(part), seed),
		     "behind a put", part);
}

/* The same addresses show what is there now. */
static bool try_replaced(struct peer *p, unsigned char *copy, uint64_t seed)
{
	const struct part all = { 0, SIZE };

	ask(p, REPLACE, all, 0);
	return try_part(p, copy, all, seed);
}

static int client(const char *path, bool provided)
{
	const ucp_request_param_t none = {};
	struct peer p = {};
	unsigned char *copy = malloc(SIZE);
	uint64_t seed = 1;
	bool good = true;
	size_t bytes = 0;

	if (!copy)
		err(1, "memory of %zu bytes", SIZE);
	begin_ucx(&p);
	meet(&p, path);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		good &= try_part(&p, copy, parts[i], seed);
		bytes += parts[i].len;
		seed += 2;
	}
	if (!provided) {
		good &= try_replaced(&p, copy, seed);
		bytes += SIZE;
	}
	ucp_rkey_destroy(p.rkey);
	finish(&p, ucp_ep_close_nbx(p.ep, &none), "ucp_ep_close_nbx");
	end_ucx(&p);
	close(p.sock);
	free(copy);
	if (good)
		printf("ucx_client: %zu bytes got and put, all as they should be\n",
		       bytes);
	return !good;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "serve", no_argument, NULL, 's' },
		{ "provided", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	bool serving = false, provided = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "sph", options, NULL)) != -1) {
		switch (opt) {
		case 's':
			serving = true;
			break;
		case 'p':
			provided = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			return 0;
		default:
			fputs(usage_text, stderr);
			return 1;
		}
	}
	if (optind != argc - 1) {
		fputs(usage_text, stderr);
		return 1;
	}
	return serving ? serve(argv[optind], provided) :
			 client(argv[optind], provided);
}
