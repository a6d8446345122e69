/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LWK_SETUP_SAVEFILE_H
#define LWK_SETUP_SAVEFILE_H

/*
 * Replaces @path by @text, for all to read: readers see the old file or the
 * new one, after a crash too. Makes the directory, not those above it. Returns
 * 0, or -1 with errno; then all is as it was.
 */
int savefile(const char *path, const char *text);

#endif /* LWK_SETUP_SAVEFILE_H */
