/* The sizes of the state: small for the exhaustive search, and large for traces. */
#ifdef TRACES
#define TIME int
#define ID short
#define MASK int
#define LASTING 2147483647
#define ISOLATES 24
#define ENTRIES 1024
#define PROMISES 96
#define LOOKS 64
#else
#define TIME byte
#define ID byte
#define MASK byte
#define LASTING 255
#define ISOLATES 2
#define ENTRIES 6
#define PROMISES 2
#define LOOKS 2
#endif
