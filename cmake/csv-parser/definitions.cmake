# Compile definitions that the CSV parser's archive and everyone who includes its headers must share.
#
# CSV_ENABLE_THREADS=0: a reader is then one call stack in our own thread, which a seccomp filter, a static binary and
#   a memory limit all find easier than a pool; our files (a day at 1 s is 86,400 rows) read in a fraction of a second.
# CLASSIFY_SCALAR_USE_STD_FLOAT_FROM_CHARS=1: std::from_chars of doubles, which libstdc++ 11 and later have.
set(TIDEMARK_CSV_DEFINITIONS CSV_ENABLE_THREADS=0 CLASSIFY_SCALAR_USE_STD_FLOAT_FROM_CHARS=1)
