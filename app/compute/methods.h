#ifndef COMPUTE_METHODS_H
#define COMPUTE_METHODS_H

#include <dk/app.h>

/* dapr_kit.compute.v1.Compute, by gRPC and by HTTP. Errors: those of run.h and near.h. */
extern const struct dk_app_method compute_methods[];

#endif /* COMPUTE_METHODS_H */
