// Debug information of CPython's types for a build that cannot be had, from the headers of its -dev package:
// script/layouts compiles this with -DPy_GIL_DISABLED=1 and -fno-eliminate-unused-debug-types. It is never run.
#define Py_BUILD_CORE 1
#include <Python.h>

#include "internal/pycore_code.h"
#include "internal/pycore_dict.h"
#include "internal/pycore_frame.h"
#include "internal/pycore_gc.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_runtime.h"
#include "internal/pycore_tstate.h"

const _PyRuntimeState* of_runtime;
const _PyThreadStateImpl* of_thread;
const _PyInterpreterFrame* of_frame;
enum _frameowner of_owner;
