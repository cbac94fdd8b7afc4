/* A library as applications link it, with the driver's functions undefined until it is loaded. */
#ifndef LAYER_APPLICATION_H
#define LAYER_APPLICATION_H

/* The address of cuCtxGetDevice and of cuMemAlloc_v2 that this library was linked to. */
void *application_device(void);
void *application_alloc(void);

/* Whether dlsym(RTLD_NEXT), asked in this library, finds what comes after it rather than after the layer. */
int application_finds_next(void);

/* This library's own function under the name of a driver function. */
void *application_imitation(void);

#endif
