/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A program that loads the library as a CIM server does, but for its symbols: RTLD_LOCAL, and again
 * after it was closed. Prints what a call says, and what of the process is no longer as before.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { int code; void *text; } Status;
typedef struct { void *hdl; void **ft; } Object;

static void *string(void *broker, const char *text, Status *status) {
    return (void)broker, (void)status, strdup(text);
}
static void *maker_table[24] = {[4] = string}, *broker_table[24];
static void *broker[5] = {0, broker_table, maker_table, 0, 0};
static void handler(int number) { (void)number; }

static void *called(void *library) { /* as a server's threads do */
    Object *(*factory)(void *, void *, const char *, Status *) =
        dlsym(library, "_Generic_Create_IndicationMI");
    Object *door = factory(broker, 0, "test", 0);
    Status (*enable)(void *, void *) = door->ft[7], (*poll)(void *, void *) = door->ft[4];
    Status (*cleanup)(void *, void *, char) = door->ft[2];
    Status status = enable(door, 0);
    printf("enable %d %s\n", status.code, status.text ? (char *)status.text : "");
    printf("poll %d, cleanup %d %d\n", poll(door, 0).code, cleanup(door, broker, 0).code,
           cleanup(door, broker, 1).code);
    return 0;
}

int main(int count, char **words) {
    struct sigaction before[NSIG], after;
    char old[256];
    setlocale(LC_ALL, "");
    snprintf(old, sizeof old, "%s", setlocale(LC_ALL, 0));
    signal(SIGUSR1, handler);
    for (int n = 1; n < NSIG; n++) sigaction(n, 0, before + n);
    for (int again = 0; again < count - 1; again++) {
        void *library = dlopen(words[1 + again], RTLD_NOW | RTLD_LOCAL);
        pthread_t thread;
        if (!library) return printf("%s\n", dlerror()), 1;
        pthread_create(&thread, 0, called, library);
        pthread_join(thread, 0);
        dlclose(library);
    }
    for (int n = 1; n < NSIG; n++)
        if (!sigaction(n, 0, &after) && after.sa_handler != before[n].sa_handler)
            printf("signal %d changed\n", n);
    if (strcmp(old, setlocale(LC_ALL, 0))) printf("locale %s, was %s\n", setlocale(LC_ALL, 0), old);
    return 0;
}
