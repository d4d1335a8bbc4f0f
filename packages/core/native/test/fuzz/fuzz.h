/* What a fuzz target gives to the driver, and the other way round. */
#ifndef PARACLE_FUZZ_H
#define PARACLE_FUZZ_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

/* Once, before the first input and after the last. */
void fuzz_begin(const char *directory);
void fuzz_end(void);
/* Must leave everything as it was: each input starts from the same state. */
void fuzz_one(const uint8_t *data, size_t size);

/* Where the code under test goes instead of ending the process. */
extern jmp_buf fuzz_exited;
/* Aborts, and with it fails the input, unless exactly the descriptors below `first` are open. */
void fuzz_check_descriptors(int first);

#endif
