// What an edge could not run is told when the model is read, with line, path and remedy: signals, members and
// parameters of modules, interlocks, the controller. Each row changes one of the plants once.
#include "plant_file.h"

#define CYLINDER_CLASS "<SystemUnitClass Name=\"PneumaticCylinder\""
#define STORAGE "<InternalElement Name=\"mixer_storage\""
#define VESSEL "<InternalElement Name=\"mixer_vessel\""
#define FILLING "Name=\"filling\""
#define HEATING "Name=\"heating\""
#define OVERFILL "<Value>level/Alarm is HH</Value>"
#define REFILL_PATH "Plant/MIXER/mixer_storage/refill/Interlocks/Overfill"

static const struct mutant of_mps[] = {
    // what a class promises
    {"[model-10.1] a role that nobody implements is told", NULL, "<InternalElement Name=\"motor\"",
     "<InternalElement Name=\"robot\" ID=\"11111111-2222-3333-4444-555555555555\" "
     "RefBaseSystemUnitPath=\"SplcSystemUnitClassLib/CoreModule\"><RoleRequirements "
     "RefBaseRoleClassPath=\"SplcRoleClassLib/CoreModule\"/></InternalElement><InternalElement Name=\"motor\"",
     "Plant/MPS/mps_conveyor/robot",
     "the controller has no core module for the role CoreModule; it knows PneumaticCylinder, Motor", NULL, false},
    {"[model-10.2] a method that nobody implements is told, with the nearest", NULL, "<Attribute Name=\"setPosition\"",
     "<Attribute Name=\"setPositon\"", "SplcSystemUnitClassLib/PneumaticCylinder/Methods/setPositon",
     "the controller implements no method setPositon for the role PneumaticCylinder; remove it, or add it to the "
     "controller; did you mean 'setPosition'?",
     NULL, false},
    {"[model-10.2] a variable that nobody computes is told", NULL, "<Attribute Name=\"CommandedSpeed\"",
     "<Attribute Name=\"Torque\"", "SplcSystemUnitClassLib/Motor/Variables/Torque",
     "the controller computes no variable Torque for the role Motor; remove it", NULL, false},
    {"[model-10.2] a variable of another type is told", CYLINDER_CLASS,
     "<Attribute Name=\"LastPosition\" AttributeDataType=\"xs:boolean\">",
     "<Attribute Name=\"LastPosition\" AttributeDataType=\"xs:int\">",
     "SplcSystemUnitClassLib/PneumaticCylinder/Variables/LastPosition", "the variable LastPosition must be Boolean",
     NULL, false},
    {"[model-10.2] other words of a variable are told, with those that it has", CYLINDER_CLASS,
     "<RequiredValue>retracting</RequiredValue>", "<RequiredValue>returning</RequiredValue>",
     "SplcSystemUnitClassLib/PneumaticCylinder/Variables/Motion",
     "differ from those of the controller: unknown, retracted, extending, extended, retracting, fault",
     "<Attribute Name=\"Motion\"", false},
    {"[model-10.2] an argument too many is told", "<SystemUnitClass Name=\"Motor\"",
     "<Attribute Name=\"Direction\" AttributeDataType=\"xs:int\"",
     "<Attribute Name=\"More\" AttributeDataType=\"xs:int\"/><Attribute Name=\"Direction\" "
     "AttributeDataType=\"xs:int\"",
     "SplcSystemUnitClassLib/Motor/Methods/getDirection", "has 2 outputs here, but the controller implements it with 1",
     "<Attribute Name=\"getDirection\"", false},
    // signals
    {"[model-10.3] a signal that the role needs is asked for", "<InternalElement Name=\"mps_ejector\"",
     "<ExternalInterface Name=\"retract\"", "<ExternalInterface Name=\"retracted\"", "Plant/MPS/mps_ejector/ejector",
     "the role PneumaticCylinder needs the signal retract; add the interface", "<InternalElement Name=\"ejector\"",
     false},
    {"[model-10.3] a number where the role has a bit is told", "<SystemUnitClass Name=\"LightBarrier\"",
     "RefBaseClassPath=\"SplcInterfaceClassLib/SensorSignal\"/>",
     "RefBaseClassPath=\"SplcInterfaceClassLib/SensorSignal\"><Attribute Name=\"DataType\" "
     "AttributeDataType=\"xs:string\"><Value>xs:double</Value></Attribute></ExternalInterface>",
     "Plant/MPS/mps_conveyor/lightBarrier_entry/signal",
     "the signal signal of the role LightBarrier must be Boolean, not Double", "<ExternalInterface Name=\"signal\"",
     false},
    {"[model-10.3] nothing stands in for an emergency stop", "<InternalElement Name=\"emergency_stop\"",
     "RefBaseClassPath=\"SplcInterfaceClassLib/SensorSignal\"/>",
     "RefBaseClassPath=\"SplcInterfaceClassLib/SensorSignal\"><Attribute Name=\"Substitute\" "
     "AttributeDataType=\"xs:string\"><Value>zero</Value></Attribute></ExternalInterface>",
     "Plant/MPS/mps_conveyor/emergency_stop/contact",
     "nothing may stand in for the role EmergencyStop; remove the Substitute of contact", NULL, false},
    // what is retained, parameters
    {"[model-10.4, retain-1.1] a variable that cannot be retained is told",
     "<SystemUnitClass Name=\"PneumaticCylinder\"", "<DefaultValue>LastPosition<", "<DefaultValue>Motion<",
     "Plant/MPS/mps_magazine/ejector", "Retain names Motion, but a text cannot be retained",
     "<InternalElement Name=\"ejector\"", false},
    {"[model-10.4] a variable that is not there cannot be retained", "<SystemUnitClass Name=\"PneumaticCylinder\"",
     "<DefaultValue>LastPosition<", "<DefaultValue>LastPositon<", "Plant/MPS/mps_magazine/ejector",
     "Retain names LastPositon, but the controller computes no variable of that name",
     "<InternalElement Name=\"ejector\"", false},
    // the controller
    {"[model-10.7] a deadline leaves two cycles", "<SystemUnitClass Name=\"RevPiCore3\"", "<Attribute Name=\"Driver\"",
     "<Attribute Name=\"Deadline\" AttributeDataType=\"xs:double\" Unit=\"ms\"><Value>15</Value></Attribute><Attribute "
     "Name=\"Driver\"",
     "Plant/MPS/mps_plc", "Deadline is 15 ms; give it at least two cycles of 10 ms",
     "<InternalElement Name=\"mps_plc\"", false},
    // what the edge adds itself
    {"[model-6.5] a channel has at most 32 bits", "<SystemUnitClass Name=\"RevPiCore3\"", "<Value>8</Value>",
     "<Value>40</Value>", "Plant/MPS/mps_plc/RevPiStatus", "a channel has a Length of 1 to 32 bits, not 40",
     "<ExternalInterface Name=\"RevPiStatus\"", false},
    // picture
    {"[model-9.3] a symbol that nobody draws is told", NULL, "<Value>belt</Value>", "<Value>blet</Value>",
     "Plant/MPS/mps_conveyor/Hmi/Symbol", "the picture has no symbol 'blet' for a thing; did you mean 'belt'?", NULL,
     true},
};

static const struct mutant of_mixer[] = {
    // what a class promises
    {"[model-10.2] an argument of another type is told", "<SystemUnitClass Name=\"AnalogSensor\"",
     "<Attribute Name=\"Value\" AttributeDataType=\"xs:double\"",
     "<Attribute Name=\"Value\" AttributeDataType=\"xs:int\"", "SplcProcessClassLib/AnalogSensor/Methods/getValue",
     "its output Value must be Double", "<Attribute Name=\"getValue\"", false},
    // signals
    {"[model-10.3] a signal in the other direction is told", "<SystemUnitClass Name=\"Drive\"",
     "RefBaseClassPath=\"SplcInterfaceClassLib/SensorSignal\"",
     "RefBaseClassPath=\"SplcInterfaceClassLib/ActuatorSignal\"", "Plant/MIXER/mixer_storage/pump/running",
     "its class is SensorSignal here, but ActuatorSignal in class Drive", "<ExternalInterface Name=\"running\"", false},
    {"[model-10.3] a bit where the role has a number is told", "<SystemUnitClass Name=\"AnalogSensor\"",
     "<Value>xs:double</Value>", "<Value>xs:boolean</Value>", "Plant/MIXER/mixer_storage/level/value",
     "must be a number, not Boolean", "<ExternalInterface Name=\"value\"", false},
    // what is retained, parameters
    {"[model-10.5] limits LL, L, H, HH rise", STORAGE, "<Value>185</Value>", "<Value>195</Value>",
     "Plant/MIXER/mixer_storage/level/LimitHH", "LimitHH is 195, but must be above LimitH, which is 195",
     "<Attribute Name=\"LimitHH\"", false},
    {"[model-10.5] a limit that is not stated is left out", "Name=\"temperature\"", "<Value>75</Value>",
     "<Value>85.5</Value>", "Plant/MIXER/mixer_vessel/temperature/LimitHH",
     "LimitHH is 85, but must be above LimitH, which is 85.5", "<Attribute Name=\"LimitHH\"", false},
    {"[model-10.5] a low limit above a high one is told", STORAGE, "<Value>15</Value>", "<Value>190</Value>",
     "Plant/MIXER/mixer_storage/level/LimitH", "LimitH is 185, but must be above LimitL, which is 190",
     "<Attribute Name=\"LimitH\"", false},
    {"[model-10.5] a limit that can never be reached is told", STORAGE, "<Value>195</Value>", "<Value>999</Value>",
     "Plant/MIXER/mixer_storage/level/LimitHH", "LimitHH is 999, but value is 0 to 200: it is never reached",
     "<Attribute Name=\"LimitHH\"", false},
    {"[model-10.5] an interlock that always holds is told", "Name=\"heater\"", "level/value below 10",
     "level/value below 1000", "Plant/MIXER/mixer_vessel/heater/Interlocks/Dry",
     "'level/value below 1000' always holds, for value is 0 to", NULL, false},
    {"[model-10.5] a time below zero is told", "Name=\"refill\"", "<Value>3</Value>", "<Value>-3</Value>",
     "Plant/MIXER/mixer_storage/refill/Timeout", "Timeout is -3 s; a time is 0 to 1e+09", NULL, false},
    {"[model-10.5] a gain is above zero", FILLING, "<Value>8</Value>", "<Value>0</Value>",
     "Plant/MIXER/mixer_vessel/filling/Gain", "Gain is 0, but must be above 0", NULL, false},
    // other modules
    {"[model-10.6] a controller needs a sensor", HEATING, "<Value>temperature</Value>", "<Value>temperatur</Value>",
     "Plant/MIXER/mixer_vessel/heating/Sensor", "Sensor 'temperatur' is no module below its thing or below the station",
     NULL, false},
    {"[model-10.6] a controller needs a sensor of the right kind", HEATING, "<Value>temperature</Value>",
     "<Value>water</Value>", "Plant/MIXER/mixer_vessel/heating/Sensor",
     "Sensor 'water' has the role ControlValve, but must have the role AnalogSensor", NULL, false},
    {"[model-10.6] a controller without an actuator is told", HEATING, "<Attribute Name=\"Actuator\"",
     "<Attribute Name=\"Actor\"", "Plant/MIXER/mixer_vessel/heating",
     "needs Actuator, the path of a module with the role ControlValve", "<InternalElement Name=\"heating\"", false},
    {"[model-10.6] an actuator has one controller", HEATING, "<Value>heater</Value>", "<Value>water</Value>",
     "Plant/MIXER/mixer_vessel/heating/Actuator", "the Actuator 'water' is driven by another module already", NULL,
     false},
    // interlocks
    {"[model-7.1] an interlock has a condition", STORAGE, OVERFILL, "<Value>level/Alarm equals HH</Value>", REFILL_PATH,
     "'level/Alarm equals HH' is no condition; write PATH is WORD", NULL, false},
    {"[model-7.1] an interlock compares with something", STORAGE, OVERFILL, "<Value>level/Alarm is</Value>",
     REFILL_PATH, "is no condition", NULL, false},
    {"[model-7.1] an empty interlock is told", STORAGE, OVERFILL, "<Value></Value>", REFILL_PATH, "'' is no condition",
     NULL, false},
    {"[model-7.1] an interlock looks at something that is there", STORAGE, OVERFILL, "<Value>levl/Alarm is HH</Value>",
     REFILL_PATH, "looks at 'levl/Alarm', which is no signal and no variable below its thing or below the station",
     NULL, false},
    {"[model-7.1] an interlock looks at a signal, not at a module", STORAGE, OVERFILL, "<Value>level is HH</Value>",
     REFILL_PATH, "looks at 'level', which is no signal", NULL, false},
    {"[model-7.1] an interlock compares with what can be", STORAGE, OVERFILL, "<Value>level/Alarm is HHH</Value>",
     REFILL_PATH, "compares with 'HHH', which is nothing that level/Alarm can be", NULL, false},
    {"[model-7.1] a text is not above a number", STORAGE, OVERFILL, "<Value>level/Alarm above 5</Value>", REFILL_PATH,
     "compares with '5', which is nothing", NULL, false},
    {"[model-7.1] a boolean is not below a number", STORAGE, OVERFILL, "<Value>refill/open/state below 8</Value>",
     REFILL_PATH, "compares with '8', which is nothing that refill/open/state can be", NULL, false},
    {"[model-7.1] a number is not a word", STORAGE, OVERFILL, "<Value>level/value is true</Value>", REFILL_PATH,
     "compares with 'true', which is nothing that level/value can be", NULL, false},
    {"[model-7.1] interlocks belong to a module", STORAGE, "<Attribute Name=\"Hmi\"",
     "<Attribute Name=\"Interlocks\"><Attribute Name=\"a\" AttributeDataType=\"xs:string\"><Value>level/Alarm is "
     "HH</Value></Attribute></Attribute><Attribute Name=\"Hmi\"",
     "Plant/MIXER/mixer_storage/Interlocks", "interlocks belong to a core module; 'mixer_storage' is none", NULL,
     false},
    // what the edge adds itself
    {"[model-2.3] the name of the simulation's thing is taken", NULL, "<InternalElement Name=\"mixer_storage\"",
     "<InternalElement Name=\"mixer_simulation\"", "Plant/MIXER/mixer_simulation",
     "'mixer_simulation' is the simulation of the edge itself and an element; rename one", NULL, false},
    // picture
    {"[model-9.3] a symbol of a class is told at its modules", "<SystemUnitClass Name=\"Valve\"",
     "<Value>valve</Value>", "<Value>walve</Value>", "Plant/MIXER/mixer_storage/refill",
     "the picture has no symbol 'walve' for a module", "<InternalElement Name=\"refill\"", true},
};

int main(void) {
    int failed = run_mutants("contracts of mps", plant_file, of_mps, sizeof of_mps / sizeof of_mps[0]);
    return failed + run_mutants("contracts of mixer", mixer_file, of_mixer, sizeof of_mixer / sizeof of_mixer[0]);
}
