/* SPDX-License-Identifier: MIT
 *
 * doctor.c - `phasebench doctor`: is this machine fit to measure? What is looked at: doctor_checks.h. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/json_out.h"
#include "commands.h"
#include "doctor_checks.h"
#include "system/environment.h"

static const char help[] =
    "usage: phasebench doctor [--results DIR] [--all] [--json]\n\n"
    "Tells whether this machine and this installation are fit to measure: random addresses, huge pages, limits of\n"
    "control groups, CPUs and their clock, other load, memory against what the corpora need, swap, disks, and\n"
    "whether stages, grammars, corpora and gnuplot are found. A line for each: ok, warn (figures may be worse,\n"
    "mostly times) or fail (nothing sound can be measured), what was found, and, where it is not ok, why it\n"
    "matters and what to do.\n\n"
    "  --results DIR  where results will be written; default: results\n"
    "  --all          why it matters, also of what is ok\n"
    "  --json         JSON (results/doctor.schema.json) in place of lines\n\n"
    "Exit code 0: fit, perhaps with warnings; 4: something fails.\n\n"
    "example: phasebench doctor\n";

struct arguments {
  const char *results_dir;
  bool all, json, help;
};

static bool parse(int argc, char **argv, struct arguments *arguments) {
  static const struct option options[] = {{"results", required_argument, NULL, 'r'},
                                          {"all", no_argument, NULL, 'a'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"root", required_argument, NULL, 'R'}, /* for tests: see environment.h */
                                          {0}};
  for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
    switch (option) {
      case 'r':
        arguments->results_dir = optarg;
        break;
      case 'a':
        arguments->all = true;
        break;
      case 'j':
        arguments->json = true;
        break;
      case 'R':
        environment_set_root(optarg);
        break;
      case 'h':
        arguments->help = true;
        return true;
      default:
        fprintf(stderr, "phasebench doctor: `phasebench doctor --help` lists the options\n");
        return false;
    }
  }
  if (optind == argc) return true;
  fprintf(stderr, "phasebench doctor: '%s': expected options only; see --help\n", argv[optind]);
  return false;
}

static bool print_json(const struct doctor *doctor, struct fault *fault) {
  cJSON *root = json_new_object();
  json_add_text(root, "schema", "phasebench-doctor-1");
  json_add_bool(root, "fit", doctor_worst(doctor) != DOCTOR_FAIL);
  cJSON *list = json_add_array(root, "checks");
  for (unsigned i = 0; i < doctor->count; i++) {
    const struct doctor_check *check = &doctor->checks[i];
    cJSON *object = json_add_object(list, NULL);
    json_add_text(object, "name", check->name);
    json_add_text(object, "state", doctor_state_name(check->state));
    json_add_text(object, "found", check->found);
    json_add_text(object, "why", check->why);
    json_add_text(object, "todo", check->todo[0] ? check->todo : NULL);
  }
  return json_print(root, fault);
}

static void print_text(const struct doctor *doctor, bool all) {
  unsigned counts[3] = {0};
  for (unsigned i = 0; i < doctor->count; i++) {
    const struct doctor_check *check = &doctor->checks[i];
    counts[check->state]++;
    printf("%-4s  %-12s  %s\n", doctor_state_name(check->state), check->name, check->found);
    if (all || check->state != DOCTOR_OK) printf("%20swhy: %s\n", "", check->why);
    if (check->todo[0]) printf("%20sdo:  %s\n", "", check->todo);
  }
  printf("\n%s: %u ok, %u warnings, %u failures\n", counts[DOCTOR_FAIL] ? "not fit to measure" : "fit to measure",
         counts[DOCTOR_OK], counts[DOCTOR_WARN], counts[DOCTOR_FAIL]);
}

int command_doctor(int argc, char **argv) {
  struct arguments arguments = {.results_dir = "results"};
  if (!parse(argc, argv, &arguments)) return EXIT_CODE_USAGE;
  if (arguments.help) {
    fputs(help, stdout);
    return EXIT_CODE_OK;
  }
  struct doctor doctor = {0};
  doctor_machine(&doctor, doctor_try_refusals());
  doctor_memory(&doctor);
  doctor_places(&doctor, arguments.results_dir);
  doctor_program(&doctor);
  struct fault fault = {0};
  if (!arguments.json) {
    print_text(&doctor, arguments.all);
  } else if (!print_json(&doctor, &fault)) {
    fault_print(&fault, "doctor");
    return (int)fault.code;
  }
  return doctor_worst(&doctor) == DOCTOR_FAIL ? EXIT_CODE_SYSTEM : EXIT_CODE_OK;
}
