// SPDX-License-Identifier: MIT
//
// gbench.cc - Google Benchmark behind a C interface; see gbench.h. struct gbench_state
// is benchmark::State under another name. Written for libbenchmark 1.7.1 (Debian 12).
#include "gbench.h"

#include "base/interrupt.h"

#include <benchmark/benchmark.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace {

benchmark::State *of(gbench_state *state) { return reinterpret_cast<benchmark::State *>(state); }
const benchmark::State *of(const gbench_state *state) { return reinterpret_cast<const benchmark::State *>(state); }

// Which benchmark runs: the library does not tell the memory manager.
std::string current;
std::string *running = nullptr;

class Memory : public benchmark::MemoryManager {
 public:
  void Start() override { source->start(source->user); }
  void Stop(Result *result) override { Stop(*result); }
  void Stop(Result &result) override {
    gbench_memory memory = {};
    source->stop(source->user, &memory);
    result.num_allocs = memory.allocations_count;
    result.max_bytes_used = memory.peak_bytes;
    result.total_allocated_bytes = memory.allocated_bytes;
    result.net_heap_growth = memory.growth_bytes;
    if (running != nullptr) kept[*running].push_back({result, memory});
  }
  // A Result is copied and never made: its constructor is not exported by the library.
  struct Kept {
    Result result;
    gbench_memory memory;
  };
  const gbench_memory_source *source = nullptr;
  std::map<std::string, std::vector<Kept>> kept;  // of each benchmark, by repetition
};

Memory memory_manager;

// libbenchmark 1.7.1 keeps the results of Stop in a vector and gives reporters pointers
// into it, which dangle as soon as a second repetition makes the vector grow; its JSON
// then shows garbage (google/benchmark issue 1939, mended in 2025). So they are
// replaced by our own copies before anyone looks; a repetition whose memory is not
// known for sure has none.
class Repaired {
 public:
  explicit Repaired(const std::vector<benchmark::BenchmarkReporter::Run> &runs_) : runs(runs_) {
    for (auto &run : runs) {
      if (run.memory_result == nullptr) continue;
      const Memory::Kept *known = Known(run);
      run.memory_result = known != nullptr ? &known->result : nullptr;
    }
  }
  static const Memory::Kept *Known(const benchmark::BenchmarkReporter::Run &run) {
    const auto found = memory_manager.kept.find(run.run_name.function_name);
    if (found == memory_manager.kept.end() || run.repetition_index < 0) return nullptr;
    if (static_cast<int64_t>(found->second.size()) != run.repetitions) return nullptr;
    return &found->second[static_cast<size_t>(run.repetition_index)];
  }
  std::vector<benchmark::BenchmarkReporter::Run> runs;
};

class Json : public benchmark::JSONReporter {
 public:
  void ReportRuns(const std::vector<Run> &runs) override { JSONReporter::ReportRuns(Repaired(runs).runs); }
};

// Hands every repetition to C; the table, when wanted, is the library's.
class Reporter : public benchmark::ConsoleReporter {
 public:
  Reporter(gbench_result_fn *each_, void *sink_, bool table_)
      : benchmark::ConsoleReporter(OO_Tabular), each(each_), sink(sink_), table(table_) {}

  bool ReportContext(const Context &context) override {
    SetOutputStream(&std::cerr);
    return table ? ConsoleReporter::ReportContext(context) : true;
  }

  void ReportRuns(const std::vector<Run> &runs) override {
    Repaired repaired(runs);
    if (table) ConsoleReporter::ReportRuns(repaired.runs);
    for (const Run &run : repaired.runs) {
      if (run.run_type == Run::RT_Aggregate || each == nullptr) continue;
      Give(run);
    }
  }

 private:
  void Give(const Run &run) {
    std::vector<gbench_counter_value> counters;
    for (const auto &counter : run.counters) counters.push_back({counter.first.c_str(), counter.second.value});
    gbench_result result = {};
    result.name = run.run_name.function_name.c_str();
    result.error = run.error_occurred ? run.error_message.c_str() : nullptr;
    result.repetition = run.repetition_index;
    result.iterations = run.iterations;
    if (!run.error_occurred && run.iterations > 0) {
      result.real_ns = run.real_accumulated_time * 1e9 / static_cast<double>(run.iterations);
      result.cpu_ns = run.cpu_accumulated_time * 1e9 / static_cast<double>(run.iterations);
    }
    result.counters = counters.data();
    result.counter_count = static_cast<unsigned>(counters.size());
    result.memory = run.memory_result != nullptr ? &Repaired::Known(run)->memory : nullptr;
    each(sink, &result);
  }

  gbench_result_fn *each;
  void *sink;
  bool table;
};

int refuse(char *why, unsigned why_bytes, const char *what) {
  std::snprintf(why, why_bytes, "%s", what);
  return -1;
}

}  // namespace

bool gbench_register(const char *name, gbench_fn *run, void *user) {
  try {
    const std::string copy(name);
    benchmark::RegisterBenchmark(name,
                                 [run, user, copy](benchmark::State &state) {
                                   current = copy;
                                   running = &current;
                                   run(reinterpret_cast<gbench_state *>(&state), user);
                                 })
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
    return true;
  } catch (...) {
    return false;
  }
}

void gbench_clear(void) { benchmark::ClearRegisteredBenchmarks(); }

// After a signal every repetition that is left ends as it begins.
static void heed_signal(gbench_state *state) {
  if (interrupt_number() != 0) of(state)->SkipWithError("interrupted");
}

bool gbench_keep_running(gbench_state *state) {
  heed_signal(state);
  return of(state)->KeepRunning();
}
bool gbench_keep_running_batch(gbench_state *state, int64_t iterations) {
  heed_signal(state);
  return of(state)->KeepRunningBatch(iterations);
}
void gbench_pause(gbench_state *state) { of(state)->PauseTiming(); }
void gbench_resume(gbench_state *state) { of(state)->ResumeTiming(); }
int64_t gbench_iterations(const gbench_state *state) { return of(state)->iterations(); }

static void add_counter(gbench_state *state, const char *name, double value, benchmark::Counter::Flags flags) {
  try {
    of(state)->counters[name] = benchmark::Counter(value, flags);
  } catch (...) {
    of(state)->SkipWithError("out of memory while setting a counter");
  }
}

void gbench_counter(gbench_state *state, const char *name, double value) {
  add_counter(state, name, value, benchmark::Counter::kDefaults);
}

void gbench_counter_rate(gbench_state *state, const char *name, double value) {
  add_counter(state, name, value, benchmark::Counter::kIsRate);
}

void gbench_counter_seconds_per(gbench_state *state, const char *name, double amount) {
  add_counter(state, name, amount,
              static_cast<benchmark::Counter::Flags>(benchmark::Counter::kIsRate | benchmark::Counter::kInvert));
}

void gbench_error(gbench_state *state, const char *message) { of(state)->SkipWithError(message); }

void gbench_use_memory(const gbench_memory_source *source) {
  memory_manager.source = source;
  benchmark::RegisterMemoryManager(source != nullptr ? &memory_manager : nullptr);
}

int gbench_run(const gbench_request *request, char *why, unsigned why_bytes) {
  try {
    std::vector<std::string> kept{"phasebench"};
    for (unsigned i = 0; i < request->argument_count; i++) kept.emplace_back(request->arguments[i]);
    std::vector<char *> argv;
    for (std::string &argument : kept) argv.push_back(&argument[0]);
    int argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    benchmark::Initialize(&argc, argv.data());
    if (argc > 1) return refuse(why, why_bytes, argv[1]);
    bool out = false;
    for (const std::string &argument : kept) out = out || argument.rfind("--benchmark_out=", 0) == 0;
    memory_manager.kept.clear();
    running = nullptr;
    Reporter reporter(request->each, request->sink, request->table);
    Json json;
    // A file reporter without a file is an error to the library.
    return static_cast<int>(out ? benchmark::RunSpecifiedBenchmarks(&reporter, &json)
                                : benchmark::RunSpecifiedBenchmarks(&reporter));
  } catch (const std::exception &exception) {
    return refuse(why, why_bytes, exception.what());
  } catch (...) {
    return refuse(why, why_bytes, "the benchmark library failed");
  }
}
