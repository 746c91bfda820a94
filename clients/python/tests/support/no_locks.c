/* File systems whose locks do not work, and other machines that share a folder: for processes that preload this.

   AEGIS_TEST_FLOCK=ENOSYS, ENOLCK or EOPNOTSUPP   flock() fails with that.
   AEGIS_TEST_FLOCK=local:NAME                     flock() holds among processes with the same NAME only, as on a
                                                   network file system that keeps the locks of each node to it.
   AEGIS_TEST_HOSTNAME=NAME                        what uname() and gethostname() say.

   The locks of a node are locks of an open file description, at an offset that is the node's own, far behind any
   content: like those of flock() they belong to the open file and its copies in forked processes, and end with the
   last. As on NFS an exclusive one needs a file that is open for writing.
*/

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <unistd.h>

static off_t place_of(const char *node)
{
    off_t hash = 5381;
    for (; *node; node++)
        hash = (hash * 33 + (unsigned char)*node) % (1L << 40);
    return (1L << 50) + hash;
}

static int lock_on_node(int file, int operation, const char *node)
{
    struct flock lock = {.l_whence = SEEK_SET, .l_start = place_of(node), .l_len = 1};
    lock.l_type = operation & LOCK_UN ? F_UNLCK : operation & LOCK_SH ? F_RDLCK : F_WRLCK;
    int result = fcntl(file, operation & LOCK_NB ? F_OFD_SETLK : F_OFD_SETLKW, &lock);
    if (result == -1 && errno == EACCES)
        errno = EWOULDBLOCK;
    return result;
}

int flock(int file, int operation)
{
    const char *how = getenv("AEGIS_TEST_FLOCK");
    if (how != NULL && strncmp(how, "local:", 6) == 0)
        return lock_on_node(file, operation, how + 6);
    if (how != NULL && *how != '\0') {
        errno = strcmp(how, "ENOSYS") == 0 ? ENOSYS : strcmp(how, "ENOLCK") == 0 ? ENOLCK : EOPNOTSUPP;
        return -1;
    }
    int (*real)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "flock");
    return real(file, operation);
}

int uname(struct utsname *told)
{
    int (*real)(struct utsname *) = (int (*)(struct utsname *))dlsym(RTLD_NEXT, "uname");
    const char *name = getenv("AEGIS_TEST_HOSTNAME");
    int result = real(told);
    if (result == 0 && name != NULL)
        strncpy(told->nodename, name, sizeof told->nodename - 1);
    return result;
}

int gethostname(char *told, size_t size)
{
    int (*real)(char *, size_t) = (int (*)(char *, size_t))dlsym(RTLD_NEXT, "gethostname");
    const char *name = getenv("AEGIS_TEST_HOSTNAME");
    if (name == NULL)
        return real(told, size);
    strncpy(told, name, size);
    return 0;
}
