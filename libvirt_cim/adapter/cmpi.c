/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a CIM server loads (CMPI): starts Python, once, and hands it every call. Knows the order of
 * CMPI's functions, in which all servers agree, and finds Python by the file that has this
 * library's name and .conf behind it. Needs no headers of either: a table is an array of pointers.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

typedef void *P;
typedef struct { int code; P text; } Status;
typedef struct { int kind; const char *function, *what; int exit; } Began; /* PyStatus */
#define PY(RESULT, NAME, ...) ((RESULT (*)(__VA_ARGS__))dlsym(python, #NAME))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*answer)(int, P *, Status *); /* Python's; none as long as it has not started */
static char why[8192];                     /* it has not */
static int ours;                           /* it was not in the process before */

/* With UTF-8, as the program of its environment; without what the server's environment says. */
static void begin(P python, const char *program) {
    int first[64] = {0}; /* PyPreConfig, which begins with ints */
    long config[1024] = {0};
    PY(void, PyPreConfig_InitIsolatedConfig, P)(first);
    first[7] = 1; /* utf8_mode */
    Began done = PY(Began, Py_PreInitialize, P)(first);
    PY(void, PyConfig_InitIsolatedConfig, P)(config);
    if (!done.kind) done = PY(Began, PyConfig_SetBytesArgv, P, long, P)(config, 1, &program);
    if (!done.kind) done = PY(Began, Py_InitializeFromConfig, P)(config);
    if (done.kind) snprintf(why, sizeof why, "%s: %s", program, done.what ? done.what : "exit");
    else PY(P, PyEval_SaveThread, void)(), ours = 1;
}

static void load(P python, const char *file, const char *path, const char *name) {
    int held = PY(int, PyGILState_Ensure, void)();
    P module, error[3] = {0}, all = PY(P, PySys_GetObject, const char *)("path");
    P own = PY(P, PyUnicode_DecodeFSDefault, const char *)(path);
    if (!PY(int, PySequence_Contains, P, P)(all, own)) PY(int, PyList_Append, P, P)(all, own);
    if ((module = PY(P, PyImport_ImportModule, const char *)(name)))
        PY(P, PyObject_CallMethod, P, P, P, ...)(module, "plugged", "sin", file, ours, &answer);
    PY(void, PyErr_Fetch, P, P, P)(error, error + 1, error + 2);
    if (error[1] && (error[0] = PY(P, PyObject_Str, P)(error[1])))
        snprintf(why, sizeof why, "%s", PY(const char *, PyUnicode_AsUTF8, P)(error[0]));
    PY(void, PyGILState_Release, int)(held);
}

static void start(void) {
    static char file[4096], library[1024], program[1024], path[1024], name[256];
    struct sigaction before[NSIG];
    int (*running)(void) = dlsym(RTLD_DEFAULT, "Py_IsInitialized");
    Dl_info self;
    FILE *stream = dladdr((P)start, &self) && snprintf(file, sizeof file, "%s.conf", self.dli_fname)
        ? fopen(file, "re") : 0;
    snprintf(why, sizeof why, "%s does not tell where Python is", file);
    int read = stream ? fscanf(stream, "libpython = %1023[^\n] python = %1023[^\n] "
        "path = %1023[^\n] import = %255[^\n]", library, program, path, name) : 0;
    if (!stream || fclose(stream) || read < 4) return;
    for (int n = 1; n < NSIG; n++) sigaction(n, 0, before + n);
    P python = dlopen(running && running() ? 0 : library, RTLD_NOW | RTLD_GLOBAL);
    if (!python) snprintf(why, sizeof why, "%s", dlerror());
    else if (!PY(int, Py_IsInitialized, void)()) begin(python, program);
    if (python && PY(int, Py_IsInitialized, void)()) load(python, file, path, name);
    for (int n = 1; n < NSIG; n++) sigaction(n, before + n, 0); /* the module signal sets one */
}

static Status call(int which, P *given) {
    Status status = {0, 0};
    P broker = given[0] = *(P *)given[0], *makers = ((P *)broker)[2];
    pthread_mutex_lock(&lock);
    if (!answer) start();
    if (!answer) status = (Status){1, ((P (*)(P, const char *, P))makers[4])(broker, why, 0)};
    pthread_mutex_unlock(&lock);
    if (answer) answer(which, given, &status);
    return status;
}

#define MI P mi, P context
#define ASK MI, P result, P path
#define CALL(NUMBER, NAME, PARAMETERS, ...) \
    static Status NAME PARAMETERS { P a[] = {mi, context, __VA_ARGS__}; return call(NUMBER, a); }
CALL(0, names, (ASK), result, path)
CALL(1, instances, (ASK, P list), result, path, list)
CALL(2, get, (ASK, P list), result, path, list)
CALL(3, create, (ASK, P made), result, path, made)
CALL(4, modify, (ASK, P made, P list), result, path, made, list)
CALL(5, erase, (ASK), result, path)
CALL(6, query, (ASK, P text, P language), result, path, text, language)
CALL(7, linked, (ASK, P by, P to, P role, P other, P list), result, path, by, to, role, other, list)
CALL(8, linked_names, (ASK, P by, P to, P role, P other), result, path, by, to, role, other)
CALL(9, links, (ASK, P by, P role, P list), result, path, by, role, list)
CALL(10, link_names, (ASK, P by, P role), result, path, by, role)
CALL(11, invoke, (ASK, P method, P in, P out), result, path, method, in, out)
CALL(12, authorize, (MI, P filter, P type, P path, P owner), filter, type, path, owner)
CALL(13, activate, (MI, P filter, P type, P path, char first), filter, type, path, (P)(long)first)
CALL(14, release, (MI, P filter, P type, P path, char last), filter, type, path, (P)(long)last)
CALL(15, enable, (MI), 0)
CALL(16, disable, (MI), 0)
static Status poll(void) { return (Status){7, 0}; } /* nobody need ask again and again */
/* 51: never unload */
static Status cleanup(P mi, P at, char end) { return (Status){mi && at && end ? 0 : 51, 0}; }

/* A factory's last argument, the status, is left as it is: one server gives none. */
#define FACTORY(KIND, ...) P *_Generic_Create_##KIND##MI(P broker) { \
    static struct { int ft, mi; char *name; P call[8]; } table = {200, 200, "", {__VA_ARGS__}}; \
    P *made = malloc(2 * sizeof *made); \
    return made ? (made[0] = broker, made[1] = &table, made) : made; \
}
FACTORY(Instance, cleanup, names, instances, get, create, modify, erase, query)
FACTORY(Association, cleanup, linked, linked_names, links, link_names)
FACTORY(Method, cleanup, invoke)
FACTORY(Indication, cleanup, authorize, poll, activate, release, enable, disable)
