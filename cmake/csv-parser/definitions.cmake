# Compile definitions that the CSV parser's archive and everyone who includes its headers must share.
#
# CSV_ENABLE_THREADS=0: the library's own threads off. They are slower here (tests/bench/csv_floor.cpp, `floor1`); a file
#   of more than a few MB is read by one thread of ours beside the caller's (src/record/row_stream.cpp).
# CLASSIFY_SCALAR_USE_STD_FLOAT_FROM_CHARS=1: std::from_chars of doubles, which libstdc++ 11 and later have.
set(TIDEMARK_CSV_DEFINITIONS CSV_ENABLE_THREADS=0 CLASSIFY_SCALAR_USE_STD_FLOAT_FROM_CHARS=1)
