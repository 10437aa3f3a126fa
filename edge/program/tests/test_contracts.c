// Core modules do what their contracts say: no more, for nobody could use it, and no less, for a plant would promise
// it.

#include "../src/core_module.h"

#include <model/contract.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_types(const char *method, const struct scan_field *fields, size_t count,
                         const enum value_type types[static CONTRACT_ARGUMENTS_MAX]) {
    for (size_t i = 0; i < CONTRACT_ARGUMENTS_MAX; i++) {
        enum value_type done = i < count ? fields[i].type : VALUE_NULL;
        if (done != types[i]) fail_msg("argument %zu of %s is %s", i, method, value_type_name(done));
    }
}

static void check_methods(const struct contract *contract, const struct scan_kind *kind) {
    size_t promised = 0;
    while (promised < CONTRACT_METHODS_MAX && contract->methods[promised].name != NULL) promised++;
    assert_int_equal(kind->method_count, promised);
    for (size_t i = 0; i < kind->method_count; i++) {
        const struct scan_method *done = &kind->methods[i];
        const struct contract_method *method = contract_method(contract, text_of(done->name));
        if (method == NULL) {
            fail_msg("%s has no method %s in its contract", contract->role, done->name);
            return;
        }
        assert_true(done->input_count <= CONTRACT_ARGUMENTS_MAX && done->output_count <= CONTRACT_ARGUMENTS_MAX);
        assert_types(done->name, done->inputs, done->input_count, method->inputs);
        assert_types(done->name, done->outputs, done->output_count, method->outputs);
    }
}

static void assert_names(const char *variable, const char *const *done, const char *const *promised) {
    if ((done == NULL) != (promised == NULL)) fail_msg("%s has names in one place only", variable);
    for (size_t i = 0; done != NULL && promised != NULL && (done[i] != NULL || promised[i] != NULL); i++) {
        if (done[i] == NULL || promised[i] == NULL) {
            fail_msg("%s has more names in one place", variable);
            return;
        }
        assert_string_equal(done[i], promised[i]);
    }
}

static void check_variables(const struct contract *contract, const struct scan_kind *kind) {
    size_t promised = 0;
    while (promised < CONTRACT_VARIABLES_MAX && contract->variables[promised].name != NULL) promised++;
    assert_int_equal(kind->variable_count, promised);
    for (size_t i = 0; i < kind->variable_count; i++) {
        const struct scan_field *done = &kind->variables[i];
        const struct contract_variable *variable = contract_variable(contract, text_of(done->name));
        if (variable == NULL) {
            fail_msg("%s has no variable %s in its contract", contract->role, done->name);
            return;
        }
        assert_int_equal(done->type, variable->type);
        assert_names(done->name, done->names, variable->names);
    }
}

static void check(void **state) {
    const struct contract *contract = *state;
    const struct core_module *module = core_module_of(text_of(contract->role));
    if (module == NULL) {
        fail_msg("nobody implements the role %s", contract->role);
        return;
    }
    check_methods(contract, module->kind);
    check_variables(contract, module->kind);
    assert_int_equal(module->kind->restore != NULL, contract->retains);
    assert_int_equal(module->link != NULL, contract->links[0].parameter != NULL);
    for (size_t i = 0; i < 2 && module->exclusive[0] != NULL; i++)
        assert_true(contract_signal(contract, text_of(module->exclusive[i]))->actuator);
}

int main(void) {
    enum { ROLES_MAX = 64 };
    struct CMUnitTest tests[ROLES_MAX];
    size_t count = 0;
    for (const struct contract *contract = contracts; contract->role != NULL; contract++)
        tests[count++] = (struct CMUnitTest){contract->role, check, NULL, NULL, (void *)(uintptr_t)contract};
    return _cmocka_run_group_tests("contracts", tests, count, NULL, NULL);
}
