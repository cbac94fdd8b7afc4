/* What connects the devices. */
#include "nvml_machine.h"

enum { P2P_OK = 0, P2P_NOT_SUPPORTED = 3, P2P_CAPS = 5, MOST_LINKS = 18, HOST_BRIDGE = 20 };

static bool is_pair(nvmlDevice one, nvmlDevice other) { return is_device(one) && is_device(other) && one != other; }

nvmlReturn do_nvmlDeviceGetP2PStatus(nvmlDevice device, nvmlDevice peer, unsigned int capability,
                                     unsigned int *status) {
  if (!is_pair(device, peer) || !status || capability >= P2P_CAPS) return NVML_ERROR_INVALID_ARGUMENT;
  *status = machine_config.peer_access ? P2P_OK : P2P_NOT_SUPPORTED;
  return NVML_SUCCESS;
}

/* All hang from one host bridge. */
nvmlReturn do_nvmlDeviceGetTopologyCommonAncestor(nvmlDevice device, nvmlDevice peer, unsigned int *level) {
  if (!is_pair(device, peer)) return NVML_ERROR_INVALID_ARGUMENT;
  return number_into(device, level, HOST_BRIDGE);
}

/* Links up to the number that the machine has are there and up, if there is another device at all. */
nvmlReturn do_nvmlDeviceGetNvLinkState(nvmlDevice device, unsigned int link, unsigned int *active) {
  if (machine_config.nvlinks == 0) return NVML_ERROR_NOT_SUPPORTED;
  if (link >= MOST_LINKS) return NVML_ERROR_INVALID_ARGUMENT;
  return number_into(device, active, link < machine_config.nvlinks && machine_config.devices > 1);
}
