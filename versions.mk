# Which kernels the queue is made for. The only place where a version is
# written.
#
# For each long-term release: the point release that the queue is refreshed
# and tested against, the Debian package that holds its source, the tarball
# that the package installs, and that file's SHA-256.

LTS_DEFAULT		:= 6.12

6.12_RELEASE		:= 6.12.117
6.12_PACKAGE		:= linux-source-6.12
6.12_TARBALL		:= /usr/src/linux-source-6.12.tar.xz
6.12_SHA256		:= 585a4a074597aefa2b1a68ada83a3184ba351c127544dea80618bbcceaa3961f
