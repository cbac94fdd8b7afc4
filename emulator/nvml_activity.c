/* What the device does: memory, processes, utilization, clocks. */
#include <time.h>

#include "nvml_machine.h"

nvmlReturn do_nvmlDeviceGetMemoryInfo(nvmlDevice device, nvmlMemory *memory) {
  if (!is_device(device) || !memory) return NVML_ERROR_INVALID_ARGUMENT;
  look();
  memory->used = 0;
  for (int u = 0; u < shared->devices; u++)
    if (is_part(u, device_number(device))) memory->used += machine_used(shared, u);
  machine_unlock(shared);
  memory->total = (unsigned long long)device_facts(device)->memory_bytes;
  memory->free = memory->total - memory->used;
  return NVML_SUCCESS;
}

nvmlReturn do_nvmlDeviceGetMemoryInfo_v2(nvmlDevice device, nvmlMemory_v2 *memory) {
  nvmlMemory plain;
  if (!memory || memory->version != NVML_VERSION(nvmlMemory_v2, 2)) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  nvmlReturn result = do_nvmlDeviceGetMemoryInfo(device, &plain);
  if (result != NVML_SUCCESS) return result;
  *memory = (nvmlMemory_v2){memory->version, plain.total, 0, plain.free, plain.used};
  return result;
}

static bool has_context(const slot *s, int d) { return s->pid && s->seats[d].context; }

static bool is_first_of_server(const machine *m, int d, const slot *s) {
  for (const slot *other = m->slots; other < s; other++)
    if (has_context(other, d) && other->server == s->server) return false;
  return true;
}

/* Clients with a context, and the MPS servers that have some, which themselves take no memory here, into an array of
 * `room`; returns how many there are. */
static unsigned int list_unit(const machine *m, int u, nvmlProcess *into, unsigned int n, unsigned int room) {
  const device_config *unit = &machine_config.device[u];
  const unsigned int none = 0xffffffff, instance = unit->compute_slices ? (unsigned int)unit->gpu_instance : none;
  const unsigned int compute = unit->compute_slices ? 0 : none;
  for (const slot *s = m->slots; s < slots_end(m); s++) {
    if (!has_context(s, u)) continue;
    if (n < room) into[n] = (nvmlProcess){(unsigned int)s->pid, s->seats[u].used, instance, compute};
    n++;
    if (!s->server || !is_first_of_server(m, u, s)) continue;
    if (n < room) into[n] = (nvmlProcess){(unsigned int)s->server, 0, instance, compute};
    n++;
  }
  return n;
}

/* On a device that is cut into instances: those of all. */
static unsigned int list_processes(int d, nvmlProcess *into, unsigned int room) {
  unsigned int n = 0;
  machine *m = look();
  for (int u = 0; u < m->devices; u++)
    if (is_part(u, d)) n = list_unit(m, u, into, n, room);
  machine_unlock(m);
  return n;
}

nvmlReturn do_nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice device, unsigned int *count, nvmlProcess *processes) {
  if (!is_device(device) || !count || (*count > 0 && !processes)) return NVML_ERROR_INVALID_ARGUMENT;
  unsigned int room = *count;
  *count = list_processes(device_number(device), processes, room);
  return *count > room ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}
nvmlReturn do_nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice device, unsigned int *count, nvmlProcess *processes) {
  return do_nvmlDeviceGetComputeRunningProcesses_v3(device, count, processes);
}
nvmlReturn do_nvmlDeviceGetComputeRunningProcesses(nvmlDevice device, unsigned int *count, nvmlProcess_v1 *processes) {
  nvmlProcess all[2 * MACHINE_SLOTS];
  if (!is_device(device) || !count || (*count > 0 && !processes)) return NVML_ERROR_INVALID_ARGUMENT;
  unsigned int room = *count;
  *count = list_processes(device_number(device), all, 2 * MACHINE_SLOTS);
  for (unsigned int k = 0; k < *count && k < room; k++) processes[k] = (nvmlProcess_v1){all[k].pid, all[k].used};
  return *count > room ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}

nvmlReturn do_nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice device, unsigned int *count, nvmlProcess *processes) {
  (void)processes;
  return number_into(device, count, 0);
}
nvmlReturn do_nvmlDeviceGetGraphicsRunningProcesses_v2(nvmlDevice device, unsigned int *count, nvmlProcess *processes) {
  return do_nvmlDeviceGetGraphicsRunningProcesses_v3(device, count, processes);
}
nvmlReturn do_nvmlDeviceGetGraphicsRunningProcesses(nvmlDevice device, unsigned int *count, nvmlProcess_v1 *processes) {
  (void)processes;
  return number_into(device, count, 0);
}

static unsigned int percent(double share) { return (unsigned int)(100 * share + 0.5); }

nvmlReturn do_nvmlDeviceGetProcessUtilization(nvmlDevice device, nvmlProcessSample *samples, unsigned int *count,
                                              unsigned long long since) {
  if (!is_device(device) || !count) return NVML_ERROR_INVALID_ARGUMENT;
  if (is_sliced(device)) return NVML_ERROR_NOT_SUPPORTED;
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  unsigned long long now = (unsigned long long)t.tv_sec * 1000000 + (unsigned long long)t.tv_nsec / 1000;
  const int d = device_number(device);
  unsigned int room = samples ? *count : 0, n = 0;
  machine *m = look();
  for (const slot *s = m->slots; s < slots_end(m); s++) {
    if (!has_context(s, d)) continue;
    if (n < room)
      samples[n] = (nvmlProcessSample){(unsigned int)s->pid, now, percent(schedule_utilization(m, d, s)), 0, 0, 0};
    n++;
  }
  machine_unlock(m);
  *count = n;
  if (n == 0 || since > now) return NVML_ERROR_NOT_FOUND;
  return n > room ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
}

nvmlReturn do_nvmlDeviceGetUtilizationRates(nvmlDevice device, nvmlUtilization *rates) {
  if (!is_device(device) || !rates) return NVML_ERROR_INVALID_ARGUMENT;
  if (is_sliced(device)) return NVML_ERROR_NOT_SUPPORTED;
  rates->gpu = percent(schedule_utilization(look(), device_number(device), NULL));
  machine_unlock(shared);
  rates->memory = 0;
  return NVML_SUCCESS;
}

static double throttle_now(void) { return schedule_throttle(shared, &machine_config, clock_now()); }

nvmlReturn do_nvmlDeviceGetMaxClockInfo(nvmlDevice device, unsigned int clock, unsigned int *value) {
  if (clock > NVML_CLOCK_VIDEO) return NVML_ERROR_INVALID_ARGUMENT;
  return number_into(device, value,
                     (clock == NVML_CLOCK_MEM ? machine_config.memory_clock : machine_config.sm_clock) / 1000000);
}

nvmlReturn do_nvmlDeviceGetClockInfo(nvmlDevice device, unsigned int clock, unsigned int *value) {
  nvmlReturn result = do_nvmlDeviceGetMaxClockInfo(device, clock, value);
  if (result != NVML_SUCCESS || clock == NVML_CLOCK_MEM) return result;
  double part = clock_part(&machine_config, look()->device[device_number(device)].busy_part);
  machine_unlock(shared);
  *value = (unsigned int)(*value * throttle_now() * part + 0.5);
  return result;
}

nvmlReturn do_nvmlDeviceGetPowerUsage(nvmlDevice device, unsigned int *milliwatts) {
  if (!is_device(device) || !milliwatts) return NVML_ERROR_INVALID_ARGUMENT;
  if (is_instance(device)) return NVML_ERROR_NOT_SUPPORTED;
  *milliwatts = (unsigned int)(1000 * device_power(look(), &machine_config, device_number(device)) + 0.5);
  machine_unlock(shared);
  return NVML_SUCCESS;
}

nvmlReturn do_nvmlDeviceGetTotalEnergyConsumption(nvmlDevice device, unsigned long long *millijoules) {
  if (!is_device(device) || !millijoules) return NVML_ERROR_INVALID_ARGUMENT;
  if (is_instance(device)) return NVML_ERROR_NOT_SUPPORTED;
  *millijoules = (unsigned long long)(1000 * device_energy(look(), &machine_config, device_number(device)));
  machine_unlock(shared);
  return NVML_SUCCESS;
}

nvmlReturn do_nvmlDeviceGetTemperature(nvmlDevice device, unsigned int sensor, unsigned int *value) {
  if (sensor != 0) return NVML_ERROR_INVALID_ARGUMENT;
  return number_into(device, value, machine_config.temperature);
}

nvmlReturn do_nvmlDeviceGetTemperatureV(nvmlDevice device, nvmlTemperature *temperature) {
  if (!is_device(device) || !temperature) return NVML_ERROR_INVALID_ARGUMENT;
  if (temperature->version != NVML_VERSION(nvmlTemperature, 1)) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  temperature->temperature = (int)machine_config.temperature;
  return NVML_SUCCESS;
}

nvmlReturn do_nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice device, unsigned long long *reasons) {
  if (!is_device(device) || !reasons) return NVML_ERROR_INVALID_ARGUMENT;
  const machine *m = look();
  double busy = 0;
  for (int u = 0; u < m->devices; u++)
    if (is_part(u, device_number(device))) busy += schedule_utilization(m, u, NULL);
  *reasons = busy == 0.0 ? NVML_REASON_GPU_IDLE : 0;
  machine_unlock(shared);
  if (throttle_now() < 1.0) *reasons = NVML_REASON_HW_SLOWDOWN | NVML_REASON_HW_THERMAL_SLOWDOWN;
  return NVML_SUCCESS;
}
nvmlReturn do_nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice device, unsigned long long *reasons) {
  return do_nvmlDeviceGetCurrentClocksEventReasons(device, reasons);
}
