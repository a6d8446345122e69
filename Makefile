# The lightweight kernel: one target per thing that people do. No recipe here
# is longer than a few lines; scripts/ does the work.

include versions.mk

LTS		?= $(LTS_DEFAULT)
KERNEL		?= lean
JOBS		?= $(shell nproc)

RELEASE		:= $($(LTS)_RELEASE)
PACKAGE		:= $($(LTS)_PACKAGE)
SUITE		:= $($(LTS)_SUITE)
TARBALL		:= $($(LTS)_TARBALL)
SHA256		:= $($(LTS)_SHA256)
OLDEST		:= $($(LTS)_OLDEST)
SUITES		:= $($(LTS)_SUITES)
# For the whole project; a patch that needs more must take it from another.
LINES_MAX	:= 300
FILES_MAX	:= 33
export LTS RELEASE PACKAGE SUITE TARBALL SHA256 OLDEST SUITES
export LINES_MAX FILES_MAX
export LINUX_TARBALL LINUX_GIT

ifeq ($(RELEASE),)
$(error LTS=$(LTS): versions.mk knows no such release)
endif

TOP		:= $(CURDIR)
BUILD		:= $(TOP)/build
TREE		:= $(BUILD)/$(LTS)/linux
OUT		:= $(BUILD)/$(LTS)/$(KERNEL)
IMAGE		:= $(OUT)/arch/x86/boot/bzImage

# Fragments of each kernel that can be built, from kernel-config/.
FRAGMENTS_lean	:= lean lwk test
FRAGMENTS_debug	:= lean lwk test debug
FRAGMENTS_off	:= lean off
FRAGMENTS_distro := lwk distro
FRAGMENTS	:= $(FRAGMENTS_$(KERNEL))
ifeq ($(FRAGMENTS),)
$(error KERNEL=$(KERNEL): one of lean, debug, off, distro)
endif
ifeq ($(KERNEL),distro)
ifeq ($(DISTRO_CONFIG),)
$(error KERNEL=distro needs DISTRO_CONFIG=FILE, the distribution's own configuration, or DISTRO_CONFIG=debian-cloud)
endif
CONFIG_BASE	:= -b $(OUT)/base.config
CONFIG_SITE	:= $(OUT)/site.config
config: distro-config
endif

# The same input gives the same kernel, in whatever folder it is built; so the
# compiler cache, if there is one, serves them all.
export CCACHE_BASEDIR	:= $(TOP)
export CCACHE_NOHASHDIR	:= 1
# Looked up when a recipe runs, not when this file is read: "deps" may install
# ccache in between, and a compiler of another name compiles everything anew.
CCACHE		= $(if $(shell command -v ccache),ccache )
KMAKE		= +$(MAKE) -s --no-print-directory -C $(TREE) O=$(OUT) \
		  CC="$(CCACHE)gcc" HOSTCC="$(CCACHE)gcc" \
		  KBUILD_BUILD_USER=lwk KBUILD_BUILD_HOST=lwk \
		  KBUILD_BUILD_TIMESTAMP=2026-01-01 KBUILD_BUILD_VERSION=1 \
		  -j$(JOBS)

.PHONY: help demo test test-quick soak kselftest kernel tools base tree port config \
	shell \
	bench bench-overhead bench-hops bench-memory bench-xemem bench-insitu \
	bench-noise bench-report bench-check bench-accept bench-programs \
	check check-releases check-prefixes check-bloat refresh deps clean distclean \
	test-ucx test-node distro-config deb deb-check deb-kernel deb-kernel-check deb-tools

help:
	@sed -n 's/^## \?//p' Makefile

## The lightweight kernel: make TARGET [LTS=6.12] [KERNEL=lean|debug|distro]
##
## demo           set up, build, boot, run HPC Challenge on LWK cores
## test           build and run all tests (KERNEL=debug: on the debug kernel)
## test-quick     the tests of one virtual machine, KUnit, silence and kill
## test-ucx       UCX, built from Debian's source, finds XPMEM here and uses it
## test-node      a Debian from nothing gets the packages of a kernel, boots,
##                runs MPI on LWK cores, is upgraded, has nothing left of it
## kernel         the kernel (and the tree it is built from)
## tools          lwkexec, lwk-setup, xemem, libxpmem and libxemem
## shell          boot the kernel, with a shell
## soak           all storms at once for ten minutes beside two programs
## kselftest      selftests of the kernel itself, on LWK cores and on Linux (long)
## bench          all benchmarks of the deterministic lab, with a report
## bench-overhead what the LWK costs Linux, in exact instructions
## bench-hops     what system calls cost, by where they are served
## bench-memory   what memory costs, by whose it is and how it comes
## bench-xemem    what another process's memory costs, by how it is got at
## bench-insitu   a solver and who analyses its results, by XEMEM: run times
## bench-noise    what interrupts a core, under each storm (STORMS=A,B)
## bench-check    compare the figures of `make bench` with the budget,
##                bench/budget-LTS.json
## bench-accept   make them the budget
## deb            Debian packages of a kernel (of which: DISTRO_CONFIG=FILE, or
##                debian-cloud), the tools and the libraries, in build/deb, for
##                apt to install from (deb-kernel, deb-tools: a part of them)
## deb-check      prove that the packages of tools and libraries are the same
##                when built twice (deb-kernel-check: the kernel's; long)
## check          checks of the sources, of the patch queue and its budget, and
##                of the kernel's entry code
## port           port the queue, FROM=6.12 TO=6.18; ANEW=1: from the beginning
## refresh        export the commits in build/LTS/linux as the patch queue
## check-releases apply the queue to point releases all along the line
## check-prefixes build every prefix of the queue (long)
## check-bloat    prove that CONFIG_LWK=n changes no text (long)
## clean          remove build/ except the source tree
##
## LINUX_TARBALL=FILE or LINUX_GIT=DIR name a kernel source; ACCEL=kvm where
## it works; JOBS=N. For a distribution's kernel: KERNEL=distro
## DISTRO_CONFIG=FILE (or debian-cloud, debian), and SIGNING_KEY=FILE if its
## modules are to be signed.

KSELFTEST := clone3 core exec futex membarrier mm pidfd proc ptrace rseq seccomp \
	sigaltstack timers vDSO x86

# What each goal needs beyond building and QEMU. All of it is asked for before
# the first compilation, so that nobody learns after it that a package is missing.
PARTS_demo		:= demo
PARTS_test		:= demo tests lint deb bench
PARTS_test-quick	:= demo tests bench
PARTS_test-ucx		:= ucx
PARTS_test-node		:= deb node
PARTS_soak		:= demo tests bench
PARTS_kselftest		:= kselftest
PARTS_check		:= lint report
PARTS_bench		:= bench report
PARTS_bench-hops	:= bench
PARTS_bench-memory	:= bench
PARTS_bench-xemem	:= bench
PARTS_bench-insitu	:= bench
PARTS_bench-noise	:= bench
PARTS_bench-programs	:= bench
PARTS_bench-report	:= report
PARTS_deb		:= deb
PARTS_deb-kernel	:= deb
PARTS_deb-tools		:= deb
PARTS_deb-check		:= deb
PARTS_deb-kernel-check	:= deb
PARTS			= $(sort $(foreach goal,$(MAKECMDGOALS),$(PARTS_$(goal))))

deps:
	scripts/deps build tools qemu $(PARTS)

tree: | deps
	scripts/tree

# The pristine source alone.
base: | deps
	scripts/tree -b

port: | deps
	scripts/queue-port $(if $(ANEW),-a) $(FROM) $(TO)

config: tree
	scripts/config-make $(CONFIG_BASE) $(TREE) $(OUT) \
		$(FRAGMENTS:%=kernel-config/%.config) $(CONFIG_SITE)

distro-config: | deps
	packaging/distro-config $(DISTRO_CONFIG) $(OUT) > /dev/null

kernel: config
	$(KMAKE) bzImage modules
	@echo "kernel: $(IMAGE)"

tools: | deps
	$(MAKE) -s -C xemem/lib O=$(BUILD)/xemem
	$(MAKE) -s -C tools O=$(BUILD)/tools XEMEM_O=$(BUILD)/xemem

demo: kernel tools
	scripts/demo -k $(IMAGE)

test: kernel tools bench-programs $(OUT)/storm-files
	scripts/test -k $(IMAGE) $(TESTS)

# What CI runs of a release that is not the default.
test-quick: kernel tools bench-programs
	scripts/test -q -k $(IMAGE)

# The first time it gets and builds UCX, and keeps it in build/ucx.
test-ucx: kernel tools
	scripts/ucx-test -k $(IMAGE)

# The first time it makes a disk with Debian, and keeps it in build/node. It has
# no use for symbols of the kernel, and xz takes minutes for them.
test-node: export KDEB_COMPRESS := $(or $(KDEB_COMPRESS),zstd)
test-node: deb
	scripts/node-test $(DISTRO_CONFIG:%=-c %)

soak: kernel tools bench-programs $(OUT)/storm-files
	LWK_SOAK_SECONDS=600 scripts/test -k $(IMAGE) soak

# All that is slow is slower there.
KSELFTEST_debug := --limit 1500 --time-limit 7200 \
	--explained selftests/kselftest/explained.debug

# mm/khugepaged.c does not include what defines it.
KSELFTEST_CFLAGS := -DKSFT_SKIP=4

kselftest: kernel tools
	$(KMAKE) headers
	EXTRA_CFLAGS="$(KSELFTEST_CFLAGS)" \
	$(MAKE) -s -C $(TREE)/tools/testing/selftests O=$(OUT) \
		KBUILD_OUTPUT=$(OUT) TARGETS="$(KSELFTEST)" \
		INSTALL_PATH=$(BUILD)/kselftest/install install > $(BUILD)/kselftest.log 2>&1
	scripts/kselftest $(KSELFTEST_$(KERNEL)) \
		--out $(BUILD)/kselftest/$(KERNEL) $(IMAGE)

shell: kernel tools
	scripts/qemu-run -k $(IMAGE) -a lwkcpus=0.2-3 \
		-e PATH="$(BUILD)/tools/bin:$$PATH:/usr/sbin:/sbin" -i

check: kernel
	scripts/queue-check
	scripts/source-check $(TREE) $(OUT)
	scripts/entry-audit $(OUT)/vmlinux
	VMLINUX=$(OUT)/vmlinux scripts/tests/entry_audit_test.py
	scripts/tests/demo_report_test.py
	scripts/tests/security_model_test.py
	$(MAKE) -s -C bench test

refresh:
	scripts/queue-export

check-releases: | deps
	scripts/check-releases

check-prefixes: tree
	scripts/check-prefixes

check-bloat: tree
	scripts/check-bloat

bench-overhead: kernel $(BUILD)/bench/overhead-init
	scripts/bench-kernels
	bench/overhead --init $(BUILD)/bench/overhead-init \
		--json $(BUILD)/bench/overhead.json \
		$(BUILD)/$(LTS)/pristine/arch/x86/boot/bzImage $(IMAGE)

bench-hops: kernel bench-programs
	bench/hops --timed --json $(BUILD)/bench/hops.json \
		--map $(OUT)/System.map $(IMAGE)

bench-memory: kernel bench-programs
	bench/memory --json $(BUILD)/bench/memory.json $(IMAGE)

bench-xemem: kernel bench-programs
	bench/xemem --json $(BUILD)/bench/xemem.json $(IMAGE)

# Not part of the lab: times, of a machine that others use.
bench-insitu: kernel tools bench-programs
	bench/insitu/run --kernel $(IMAGE) --json $(BUILD)/bench/insitu.json

# One after the other: the lab's runs use all cores themselves.
bench: bench-overhead bench-hops bench-memory bench-xemem bench-insitu
	$(MAKE) --no-print-directory bench-noise bench-report bench-check

bench-programs: | deps
	$(MAKE) -s -C bench/plugin O=$(BUILD)/bench/plugin
	$(MAKE) -s -C bench/init O=$(BUILD)/bench/init
	$(MAKE) -s -C bench/calls O=$(BUILD)/bench/calls
	$(MAKE) -s -C bench/backing O=$(BUILD)/bench/backing
	$(MAKE) -s -C bench/attach O=$(BUILD)/bench/attach
	$(MAKE) -s -C bench/insitu O=$(BUILD)/bench/insitu XEMEM_O=$(BUILD)/xemem
	$(MAKE) -s -C bench O=$(BUILD)/bench LDFLAGS=-static

NOISE		= bench/noise --storm-files $(OUT)/storm-files \
		  --map $(OUT)/System.map
STORMS		?= all

$(OUT)/storm-files: kernel
	mkdir -p $@
	cp $(OUT)/lib/test_module.ko $@
	bench/disk-image $@/disk.img

bench-noise: kernel bench-programs $(OUT)/storm-files
	$(NOISE) --storms $(STORMS) --programs selfish,fwq,ftq --json $(BUILD)/bench/noise.json $(IMAGE)

bench-report: | deps
	bench/report $(BUILD)/bench/noise.json

bench-check:
	bench/budget check $(BUILD)/bench/results.json

bench-accept:
	bench/budget accept $(BUILD)/bench/results.json

# One after the other: both end with the list of all packages.
deb:
	$(MAKE) --no-print-directory deb-tools
	$(MAKE) --no-print-directory deb-kernel

deb-kernel: tree
	JOBS=$(JOBS) packaging/kernel $(DISTRO_CONFIG:%=-c %) $(BUILD)/deb
	packaging/repository $(BUILD)/deb

deb-tools: | deps
	packaging/userland $(BUILD)/deb
	packaging/repository $(BUILD)/deb

deb-check: | deps
	packaging/twice $(BUILD)/deb-check packaging/userland

deb-kernel-check: tree
	packaging/twice $(BUILD)/deb-check packaging/kernel $(DISTRO_CONFIG:%=-c %)

$(BUILD)/bench/%-init: bench/%.c
	mkdir -p $(@D)
	gcc -std=gnu11 -O2 -Wall -Wextra -Werror -static -o $@ $<

clean:
	rm -rf $(BUILD)/tools $(BUILD)/xemem $(BUILD)/init $(BUILD)/bench \
		$(BUILD)/deb $(wildcard $(BUILD)/deb-*) \
		$(filter-out $(BUILD)/%/linux,$(wildcard $(BUILD)/*/*))

distclean:
	rm -rf $(BUILD)
