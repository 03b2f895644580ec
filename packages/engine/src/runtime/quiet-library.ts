/**
 * Source of a library beside the addon that keeps TensorFlow from greeting every process with "oneDNN custom operations are on":
 * that line is written while libtensorflow_framework is being loaded, before TF_CPP_MIN_LOG_LEVEL is read. The library depends
 * on nothing, so the loader runs it first; it sets the least severity that is logged. The symbol is Abseil's inside the pinned
 * TensorFlow, and weak: with another TensorFlow nothing happens.
 */
export const QUIET_LIBRARY = `
namespace absl { inline namespace lts_20250814 {
enum class LogSeverityAtLeast : int {};
void SetMinLogLevel(LogSeverityAtLeast) __attribute__((weak));
} }
__attribute__((constructor)) static void quiet() {
  if (absl::SetMinLogLevel) absl::SetMinLogLevel(static_cast<absl::LogSeverityAtLeast>(1));
}
`;
