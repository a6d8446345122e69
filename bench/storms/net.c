// SPDX-License-Identifier: GPL-2.0
/*
 * Storms of the network, in namespaces of their own: datagrams and streams on
 * the loopback device, pairs of virtual devices made, used, removed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "storm.h"

#define TALKERS		2
#define PACKET_BYTES	512
#define STREAM_BYTES	(32 * KIB)
#define FRAMES		4
#define NEAR		"storm0"
#define FAR		"storm1"
#define PATIENCE_S	10

static int patience(int fd)
{
	struct timeval t = { .tv_sec = PATIENCE_S };

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
}

/* The device has an address of its own as soon as it is up. */
static int loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret;

	if (fd < 0)
		return fail("socket");
	ret = ioctl(fd, SIOCGIFFLAGS, &request);
	request.ifr_flags |= IFF_UP;
	if (!ret)
		ret = ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	return ret ? fail("lo") : 0;
}

static int bound(int type, struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	memset(address, 0, sizeof(*address));
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || patience(fd) ||
	    bind(fd, (struct sockaddr *)address, len) ||
	    getsockname(fd, (struct sockaddr *)address, &len))
		return fail("a socket at 127.0.0.1");
	return fd;
}

static int datagrams(void)
{
	static struct sockaddr_in address;
	static int from = -1, to = -1;
	char packet[PACKET_BYTES] = "";
	int i;

	if (from < 0) {
		to = bound(SOCK_DGRAM, &address);
		from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (to < 0 || from < 0)
			return -1;
	}
	for (i = 0; i < 16; i++) {
		if (sendto(from, packet, sizeof(packet), 0,
			   (struct sockaddr *)&address, sizeof(address)) < 0)
			return fail("UDP: sendto");
		if (recv(to, packet, sizeof(packet), 0) != sizeof(packet))
			return fail("UDP: recv");
	}
	return 16;
}

static int stream_through(int near, int far)
{
	static char data[STREAM_BYTES];
	ssize_t left = sizeof(data), n;

	if (patience(far) || send(near, data, sizeof(data), 0) != left)
		return fail("TCP: send");
	while (left > 0) {
		n = recv(far, data, left, 0);
		if (n <= 0)
			return fail("TCP: recv");
		left -= n;
	}
	return 0;
}

/* A connection is made and shut for each piece of data. */
static int stream(void)
{
	static struct sockaddr_in address;
	static int listener = -1;
	struct linger none = { .l_onoff = 1 };
	int near, far, ret;

	if (listener < 0) {
		listener = bound(SOCK_STREAM, &address);
		if (listener < 0 || listen(listener, 4))
			return fail("TCP: listen");
	}
	near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (near < 0 ||
	    connect(near, (struct sockaddr *)&address, sizeof(address)))
		return fail("TCP: connect");
	far = accept(listener, NULL, NULL);
	if (far < 0)
		return fail("TCP: accept");
	ret = stream_through(near, far);
	/* No connection lingers behind. */
	setsockopt(near, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(near);
	close(far);
	return ret ? -1 : 1;
}

static int talk_turn(unsigned int member)
{
	static bool up;
	int packets, streams;

	(void)member;
	if (!up && (unshare(CLONE_NEWNET) || loopback_up()))
		return fail("a network namespace");
	up = true;
	packets = datagrams();
	if (packets < 0)
		return -1;
	streams = stream();
	return streams < 0 ? -1 : packets + streams;
}

static int try_namespace(void *arg)
{
	(void)arg;
	return unshare(CLONE_NEWNET);
}

static int have_namespaces(void)
{
	int status = child_run(try_namespace, NULL);

	errno = 0;
	return status ? skip("no network namespaces") : 0;
}

static int loopback_setup(void)
{
	return have_namespaces() || crew_start(TALKERS, talk_turn) ? -1 : 0;
}

struct request {
	struct nlmsghdr header;
	struct ifinfomsg info;
	char attributes[512];
};

static void request_init(struct request *r, int type, int flags)
{
	memset(r, 0, sizeof(*r));
	r->header.nlmsg_len = NLMSG_LENGTH(sizeof(r->info));
	r->header.nlmsg_type = type;
	r->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
}

/* Appends an attribute; one without data is the start of a nest. */
static struct rtattr *request_add(struct request *r, int type,
				  const void *data, size_t len)
{
	struct rtattr *a = (void *)((char *)r +
				    NLMSG_ALIGN(r->header.nlmsg_len));

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	r->header.nlmsg_len = NLMSG_ALIGN(r->header.nlmsg_len) +
			      RTA_ALIGN(a->rta_len);
	return a;
}

static void request_nested(struct request *r, struct rtattr *nest)
{
	nest->rta_len = (char *)r + r->header.nlmsg_len - (char *)nest;
}

/* 0, or -1 with the errno of the kernel's answer. */
static int request_send(struct request *r, int fd)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[1024];
	} answer;

	if (send(fd, r, r->header.nlmsg_len, 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < 0)
		return -1;
	errno = answer.header.nlmsg_type == NLMSG_ERROR ?
		-answer.error.error : EPROTO;
	return errno ? -1 : 0;
}

/* NEAR here and FAR in the namespace behind @there. */
static int veth_make(int netlink, int there)
{
	struct rtattr *info, *data, *peer;
	struct request r;

	request_init(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	request_add(&r, IFLA_IFNAME, NEAR, sizeof(NEAR));
	info = request_add(&r, IFLA_LINKINFO, NULL, 0);
	request_add(&r, IFLA_INFO_KIND, "veth", 4);
	data = request_add(&r, IFLA_INFO_DATA, NULL, 0);
	peer = request_add(&r, VETH_INFO_PEER, NULL, 0);
	/* The peer begins as a message does. */
	r.header.nlmsg_len += sizeof(struct ifinfomsg);
	request_add(&r, IFLA_IFNAME, FAR, sizeof(FAR));
	request_add(&r, IFLA_NET_NS_FD, &there, sizeof(there));
	request_nested(&r, peer);
	request_nested(&r, data);
	request_nested(&r, info);
	return request_send(&r, netlink);
}

static int link_up(int netlink, const char *name)
{
	struct request r;

	request_init(&r, RTM_NEWLINK, 0);
	r.info.ifi_flags = IFF_UP;
	r.info.ifi_change = IFF_UP;
	request_add(&r, IFLA_IFNAME, name, strlen(name) + 1);
	return request_send(&r, netlink);
}

static int link_delete(int netlink, const char *name)
{
	struct request r;

	request_init(&r, RTM_DELLINK, 0);
	request_add(&r, IFLA_IFNAME, name, strlen(name) + 1);
	return request_send(&r, netlink);
}

/* A socket that sees all frames of one device, in its own namespace. */
static int tap_bind(int fd, const char *name)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_802_EX1),
	};
	struct ifreq request = { };

	strcpy(request.ifr_name, name);
	if (ioctl(fd, SIOCGIFINDEX, &request) || patience(fd))
		return -1;
	address.sll_ifindex = request.ifr_ifindex;
	return bind(fd, (struct sockaddr *)&address, sizeof(address));
}

static int frames_through(int near, int far)
{
	char frame[ETH_ZLEN] = "", back[ETH_ZLEN];
	uint16_t type = htons(ETH_P_802_EX1);
	int i;

	memset(frame, 0xff, ETH_ALEN);
	memcpy(frame + 2 * ETH_ALEN, &type, sizeof(type));
	for (i = 0; i < FRAMES; i++)
		if (send(near, frame, sizeof(frame), 0) != sizeof(frame) ||
		    recv(far, back, sizeof(back), 0) != sizeof(back))
			return fail("a frame from " NEAR " to " FAR);
	return 0;
}

struct end {
	int namespace, netlink, tap;
};

static int end_open(struct end *end)
{
	if (unshare(CLONE_NEWNET))
		return fail("a network namespace");
	end->namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	end->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			      NETLINK_ROUTE);
	end->tap = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (end->namespace < 0 || end->netlink < 0 || end->tap < 0)
		return fail("sockets of a network namespace");
	return 0;
}

/* Sockets stay in the namespace in which they were made. */
static int veth_child(void *arg)
{
	struct end near, far;

	if (end_open(&far) || end_open(&near))
		return -1;
	if (veth_make(near.netlink, far.namespace))
		return fail("a pair of veth");
	/* In this order NEAR, which sends, has its carrier at once. */
	if (link_up(far.netlink, FAR) || link_up(near.netlink, NEAR))
		return fail(NEAR ", " FAR ": up");
	if (tap_bind(near.tap, NEAR) || tap_bind(far.tap, FAR))
		return fail("packet sockets at " NEAR " and " FAR);
	if (frames_through(near.tap, far.tap))
		return -1;
	/* Otherwise the pair dies with its namespaces. */
	if (*(unsigned int *)arg & 1 && link_delete(near.netlink, NEAR))
		return fail(NEAR ": delete");
	return 0;
}

static int veth_setup(void)
{
	return have_namespaces();
}

static long veth_step(void)
{
	static unsigned int turn;
	int status;

	turn++;
	status = child_run(veth_child, &turn);
	errno = 0;
	return status ? fail("a pair of veth did not work") : 1;
}

const struct storm net_storms[] = {
	{
		.name = "loopback",
		.what = "datagrams and streams on the loopback device",
		.setup = loopback_setup,
		.step = crew_step,
	},
	{
		.name = "veth",
		.what = "pairs of veth made between namespaces, used, removed",
		.setup = veth_setup,
		.step = veth_step,
	},
	{ }
};
