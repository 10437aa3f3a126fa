/// The stages of a scan, in the order in which `scan_once` calls them.
#pragma once

#include <scan/scan.h>

void stage_begin(struct scan *scan); // is it a first one
void stage_pins(struct scan *scan);  // a new pin map takes effect
void stage_read(struct scan *scan);
void stage_supervise(struct scan *scan); // causes of the safe state, reset button, deadlines of the authority
void stage_run_state(struct scan *scan); // the guard, the key switch; part of the stage before
void stage_commands(struct scan *scan);
void stage_force_outputs(struct scan *scan); // between these two the wishes are what is forced
void stage_interlocks(struct scan *scan);
void stage_decide(struct scan *scan); // the safe-state arbiter
void stage_restore_wishes(struct scan *scan);
void stage_write(struct scan *scan);

/// To the observers.
void scan_show_cycle(struct scan *scan);
void scan_show_command(struct scan *scan, const struct scan_command *command);
/// Works out the inputs that are more than a bit.
void scan_condition_inputs(struct scan *scan);
/// A number as the type of its tag has it, rounded and limited to that type.
union scan_value scan_number_as(enum value_type type, double number);
/// Why a moving command is refused at this moment, whoever calls; NONE when it is not.
struct scan_reason scan_standstill(const struct scan *scan);
/// Why this session may not command; NONE when it holds the control authority.
struct scan_reason scan_check_authority(const struct scan *scan, uint32_t session);
/// Before the outputs are written: those that will leave their pin get their safe value there.
void scan_leave_pins(struct scan *scan);
/// The safe state takes the forces off the outputs: nothing moves after it before somebody asks for it anew.
void scan_forces_halt(struct scan *scan);
