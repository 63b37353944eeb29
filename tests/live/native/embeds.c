/* A program that embeds Python out of shared libraries that it is told of, under whatever names they have:
 *   embeds LIBRARY... CODE       the last LIBRARY runs CODE; those before it are loaded and left uninitialised
 *   embeds --leak N LIBRARY CODE before that N threads make a thread state each and end without giving it back
 * No header of Python is used: the functions are looked up by name. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *library;

static void *look_up(const char *name) {
  void *found = dlsym(library, name);
  if (found == NULL) {
    fprintf(stderr, "no %s\n", name);
    exit(1);
  }
  return found;
}

static void *leave_state_behind(void *unused) {
  int (*ensure)(void) = (int (*)(void))look_up("PyGILState_Ensure");
  void *(*save)(void) = (void *(*)(void))look_up("PyEval_SaveThread");
  ensure();
  save();
  return unused;
}

int main(int count, char **words) {
  int leaks = 0, first = 1;
  if (count > 3 && strcmp(words[1], "--leak") == 0) {
    leaks = atoi(words[2]);
    first = 3;
  }
  for (int i = first; i + 1 < count; ++i) {
    library = dlopen(words[i], RTLD_NOW | (i + 2 < count ? RTLD_LOCAL : RTLD_GLOBAL));
    if (library == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
  }
  ((void (*)(int))look_up("Py_InitializeEx"))(0);
  void *(*save)(void) = (void *(*)(void))look_up("PyEval_SaveThread");
  void (*restore)(void *) = (void (*)(void *))look_up("PyEval_RestoreThread");
  void *state = save();
  for (int i = 0; i < leaks; ++i) {
    pthread_t thread;
    pthread_create(&thread, NULL, leave_state_behind, NULL);
    pthread_join(thread, NULL);
  }
  restore(state);
  return ((int (*)(const char *, void *))look_up("PyRun_SimpleStringFlags"))(words[count - 1], NULL);
}
