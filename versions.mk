# Which kernels the queue is made for. The only place where a version is
# written.
#
# For each long-term release: the point release that the queue is refreshed
# and tested against, the Debian package that holds its source, the tarball
# that the package installs, and that file's SHA-256.
#
# Where SUITE is set, PACKAGE is a source package of that suite of Debian's
# archive, with its version, and TARBALL one of its files: the source that its
# kernels were built from stays there as long as these do.
#
# check-releases applies the queue to the point releases from OLDEST on that
# SUITES of the archive have.

LTS_DEFAULT		:= 6.12

6.12_RELEASE		:= 6.12.117
6.12_PACKAGE		:= linux-source-6.12
6.12_TARBALL		:= /usr/src/linux-source-6.12.tar.xz
# 6.12.38 has no should_enable_timer() in the machine check code yet.
6.12_OLDEST		:= 6.12.43
6.12_SUITES		:= trixie bookworm-backports
6.12_SHA256		:= 585a4a074597aefa2b1a68ada83a3184ba351c127544dea80618bbcceaa3961f

6.18_RELEASE		:= 6.18.15
6.18_SUITE		:= trixie-backports
6.18_PACKAGE		:= linux=6.18.15-1~bpo13+1
6.18_TARBALL		:= linux_6.18.15.orig.tar.xz
# 6.18.5 still frees page tables of the kernel in another way.
6.18_OLDEST		:= 6.18.9
6.18_SUITES		:= trixie-backports
6.18_SHA256		:= fdf4c4d487c95b17a41cb38003faef86669e532a44fe702eb31a3390b6a60cca
