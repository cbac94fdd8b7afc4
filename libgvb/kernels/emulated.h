/* Kernels that exist on the emulated GPU only: it knows them by the names that a module's text declares. The bodies are
 * no PTX, so that every other driver refuses the module. */
#ifndef GVB_KERNELS_EMULATED_H
#define GVB_KERNELS_EMULATED_H

static const char gvb_emulated_kernels[] =
    ".version 7.7\n.target sm_70\n.address_size 64\n"
    ".visible .entry gvb_cost(.param .u64 flop, .param .u64 bytes, .param .u64 blocks)\n"
    "{\n  charged_by_the_emulated_gpu;\n}\n";

#endif
