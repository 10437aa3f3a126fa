// What a signal may be besides a bit: data type, range, scaling, conditioning, substitute, safe value.
#include "plant_file.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/// The light barrier at the exit, on I_13, and the lamp Q1.
#define SENSOR "ID=\"c9c0d345-75ed-530c-bf00-d12aa24dd510\" "
#define LAMP "ID=\"da0f0f2f-0868-5f6f-b622-2dd376367d31\" "
#define SENSOR_PATH "Plant/MPS/mps_conveyor/lightBarrier_exit/signal"
#define LAMP_PATH "Plant/MPS/mps_hmi/indicator_Q1/lamp"
#define OF_SENSOR "RefBaseClassPath=\"SplcInterfaceClassLib/SensorSignal\"/>"
#define OF_LAMP "RefBaseClassPath=\"SplcInterfaceClassLib/ActuatorSignal\"/>"
#define WITH(class, inner) "RefBaseClassPath=\"SplcInterfaceClassLib/" class "\">" inner "</ExternalInterface>"
#define REAL(name, value)                                                                                              \
    "<Attribute Name=\"" name "\" AttributeDataType=\"xs:double\"><Value>" value "</Value></Attribute>"
#define WORD(name, value)                                                                                              \
    "<Attribute Name=\"" name "\" AttributeDataType=\"xs:string\"><Value>" value "</Value></Attribute>"
#define GROUP(name, inner) "<Attribute Name=\"" name "\">" inner "</Attribute>"
#define NUMBER WORD("DataType", "xs:double")

#define SENSOR_WITH(inner) SENSOR, OF_SENSOR, WITH("SensorSignal", inner), SENSOR_PATH
#define LAMP_WITH(inner) LAMP, OF_LAMP, WITH("ActuatorSignal", inner), LAMP_PATH

static const struct mutant mutants[] = {
    {"[model-6.6] a number needs a channel of more than one bit", SENSOR, OF_SENSOR, WITH("SensorSignal", NUMBER),
     "Plant/MPS/I_13", "is a number, but the channel 'I_13' has 1 bit, not 2 to 32", "<InternalLink Name=\"I_13\"",
     false},
    {"[model-6.6] a range of a boolean is refused", SENSOR_WITH(GROUP("Range", REAL("Low", "0"))),
     "Range/Low is for numbers; the signal is Boolean", NULL, false},
    {"[model-6.6] a unit of a boolean is refused", SENSOR_WITH(WORD("Unit", "bar")), "Unit is for numbers", NULL,
     false},
    {"[model-6.6] a range must go up", SENSOR_WITH(NUMBER GROUP("Range", REAL("Low", "5") REAL("High", "5"))),
     "Low must be less than High", NULL, false},
    {"[model-6.7] scaling needs both ranges", SENSOR_WITH(NUMBER GROUP("Raw", REAL("Low", "0") REAL("High", "27648"))),
     "scaling needs all of Raw/Low, Raw/High, Range/Low and Range/High", NULL, false},
    {"[model-6.7] a raw range of nothing is refused",
     SENSOR_WITH(NUMBER GROUP("Raw", REAL("Low", "7") REAL("High", "7"))
                     GROUP("Range", REAL("Low", "0") REAL("High", "1"))),
     "Raw/Low and Raw/High are the same number, 7", NULL, false},
    {"[model-6.7] limits of a broken wire must leave something between them",
     SENSOR_WITH(NUMBER GROUP("Raw", REAL("Least", "9") REAL("Most", "3"))), "Raw/Least must be less than Raw/Most",
     NULL, false},
    {"[model-6.7] limits of a broken wire are for sensors", LAMP_WITH(NUMBER GROUP("Raw", REAL("Least", "3"))),
     "Raw/Least is for sensors", NULL, false},
    {"[model-6.7] an inverted number is refused", SENSOR_WITH(NUMBER WORD("Inverted", "true")),
     "Inverted is for booleans", NULL, false},
    {"[model-6.8] debounce and latch exclude each other", SENSOR_WITH(REAL("Debounce", "5") REAL("Latch", "5")),
     "Debounce drops short pulses and Latch keeps them", NULL, false},
    {"[model-6.8] a time below zero is refused", SENSOR_WITH(REAL("Debounce", "-5")), "a time is 0 or more", NULL,
     false},
    {"[model-6.8] debounce of a number is refused", SENSOR_WITH(NUMBER REAL("Debounce", "5")),
     "Debounce is for booleans", NULL, false},
    {"[model-6.8] debounce of an output is refused", LAMP_WITH(REAL("Debounce", "5")), "Debounce is for sensors", NULL,
     false},
    {"[model-6.8] a deadband below zero is refused", SENSOR_WITH(NUMBER REAL("Deadband", "-1")), "it is 0 or more",
     NULL, false},
    {"[model-6.9] a substitute that is no state is refused", SENSOR, OF_SENSOR,
     WITH("SensorSignal", WORD("Substitute", "17")), SENSOR_PATH "/Substitute",
     "Substitute '17' is none of hold, zero, false, true", NULL, false},
    {"[model-6.9] a substitute that is no number is refused", SENSOR, OF_SENSOR,
     WITH("SensorSignal", NUMBER WORD("Substitute", "true")), SENSOR_PATH "/Substitute",
     "Substitute 'true' is none of hold, zero, a number", NULL, false},
    {"[model-6.10] a safe value lies in the range",
     LAMP_WITH(NUMBER REAL("SafeValue", "11") GROUP("Range", REAL("Low", "0") REAL("High", "10"))),
     "SafeValue 11 lies outside of the Range, 0 to 10", NULL, false},
    {"[model-6.10] a safe value of a boolean is refused", LAMP_WITH(REAL("SafeValue", "1")), "SafeValue is for numbers",
     NULL, false},
    {"[model-6.11] a word of another encoding is refused", NULL, "<DefaultValue>unsigned</DefaultValue>",
     "<DefaultValue>middle</DefaultValue>", "SplcInterfaceClassLib/Channel/Encoding",
     "'middle' is none of unsigned, signed, float", NULL, false},
    {"[model-6.11] a float has 32 bits", NULL, "<DefaultValue>unsigned</DefaultValue>",
     "<DefaultValue>float</DefaultValue>", "Plant/MPS/mps_plc/RevPiStatus", "a float has a Length of 32 bits, not 8",
     "<ExternalInterface Name=\"RevPiStatus\"", false},
};

int main(void) {
    return run_mutants("points", plant_file, mutants, sizeof mutants / sizeof mutants[0]);
}
