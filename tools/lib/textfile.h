/* SPDX-License-Identifier: GPL-2.0 */
/* Small text files, as /proc and configfs have them. */
#ifndef LWK_TOOLS_TEXTFILE_H
#define LWK_TOOLS_TEXTFILE_H

/*
 * The whole file without the newlines at its end, for free(); NULL with
 * errno. The text ends at the first NUL.
 */
char *textfile_read(const char *path);

/* All of @text, in as many pieces as it takes. Returns 0, or -1 with errno. */
int textfile_write(int fd, const char *text);

#endif /* LWK_TOOLS_TEXTFILE_H */
