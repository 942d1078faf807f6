/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rendezvous: where a weir listens, so that who looks for it finds it: the directory of a user, and in it a socket's name
 * made from that of weir and its process id.
 *
 * Both sides go by this: who listens, and who lists.  Makes and checks the directory; makes, opens and removes no socket.
 */
#ifndef WEIR_RENDEZVOUS_H
#define WEIR_RENDEZVOUS_H

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <stdbool.h>

/* What fits into the address of a socket, its NUL included (unix(7)): 108 on Linux, 104 on the BSDs. */
#define RENDEZVOUS_PATH_MOST sizeof(((struct sockaddr_un *)0)->sun_path)

/* The directory for this user's sockets: $XDG_RUNTIME_DIR/weir where that is set and absolute (XDG Base Directory
 * Specification 0.8: another value is to be ignored), else /run/weir for root and /tmp/weir-UID for others.  0, or -1 with
 * ENAMETOOLONG. */
int rendezvous_directory(char path[RENDEZVOUS_PATH_MOST]);

/* Opens that directory, after making it (0700; what it is in has to be there) if `make` says so.  Its descriptor, closed by
 * exec, which is the caller's; or -1 with errno: ENOENT; ENOTDIR for what is none, a symbolic link to one included; EPERM for
 * one of another user, or that anybody else has a right to. */
int rendezvous_open(const char *directory, bool make);

/* DIRECTORY/NAME.PID: in the name all bytes but [A-Za-z0-9._-] are "_", and it is cut so that all fits.  pid over 0.  0, or
 * -1 with ENAMETOOLONG: not one byte of the name fits. */
int rendezvous_path(char path[RENDEZVOUS_PATH_MOST], const char *directory, const char *name, pid_t pid);

/* The other way round, of a name in that directory: what stands before the last dot, and the process id behind it.  False
 * for a name that rendezvous_path does not make. */
bool rendezvous_parse(const char *file, char name[RENDEZVOUS_PATH_MOST], pid_t *pid);

#endif
