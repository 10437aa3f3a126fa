// What the simulation could not play is told when the model is read, with line, path and remedy. Each row changes one
// of the plants once.
#include "plant_file.h"

#define CONVEYOR "Plant/MPS/mps_conveyor"
#define MAGAZINE "Plant/MPS/mps_magazine"
#define EJECTOR "Plant/MPS/mps_ejector"
#define STORAGE "Plant/MIXER/mixer_storage"
#define VESSEL "Plant/MIXER/mixer_vessel"
#define AT(element) "<InternalElement Name=\"" element "\""

static const struct mutant of_mps[] = {
    // workpieces
    {"[model-11.1] an unknown material is told", NULL, "<Value>metal,plastic", "<Value>metal,wood",
     MAGAZINE "/Sim/Stock", "Sim/Stock has 'wood'; it knows metal and plastic", NULL, false},
    {"[model-11.1] a sensor beside the belt is told", AT("lightBarrier_entry"), "<Value>250</Value>",
     "<Value>2500</Value>", CONVEYOR "/lightBarrier_entry/Sim/BeltPosition",
     "Sim/BeltPosition is 2500 mm, beside the belt, which ends at 600 mm", NULL, false},
    {"[model-11.1] a sensor without a place is left out", AT("lightBarrier_entry"), "Name=\"BeltPosition\"",
     "Name=\"BeltPlace\"", CONVEYOR "/lightBarrier_entry",
     "is left out of the simulation: it has neither Sim/BeltPosition nor Sim/Reports", AT("lightBarrier_entry"), true},
    {"[model-11.1] a belt without a length is told", NULL, "<Value>600</Value>", "<Value>0</Value>",
     CONVEYOR "/Sim/BeltLength", "the simulation needs a number above 0 as Sim/BeltLength here", NULL, false},
    {"[model-11.1] a motor without a speed is told", "<SystemUnitClass Name=\"Motor\"", "Name=\"SpeedFast\"",
     "Name=\"SpeedQuick\"", CONVEYOR "/motor", "the simulation needs a number above 0 as Sim/SpeedFast", AT("motor"),
     false},
    {"[model-11.1] a valve that never switches is told", AT("mps_ejector"), "<Attribute Name=\"ExtendTime\"",
     "<Attribute Name=\"ValveDelay\" AttributeDataType=\"xs:double\" "
     "Unit=\"s\"><Value>90</Value></Attribute><Attribute "
     "Name=\"ExtendTime\"",
     EJECTOR "/ejector/Sim/ValveDelay", "Sim/ValveDelay is 90 s; a valve switches in less than 60 s", NULL, false},
    {"[model-11.1] workpieces without a magazine are told", NULL, "Name=\"FeedsBeltAt\"", "Name=\"FeedsTruckAt\"",
     "Plant/MPS", "no thing has the attribute Sim/FeedsBeltAt, which a simulation of workpieces needs", AT("MPS"),
     false},
    {"[model-11.1] a second belt is told", AT("mps_magazine"), "Name=\"FeedsBeltAt\"",
     "Name=\"BeltLength\" AttributeDataType=\"xs:double\"><Value>5</Value></Attribute><Attribute Name=\"FeedsBeltAt\"",
     MAGAZINE "/Sim/BeltLength", "one thing with Sim/BeltLength, but 'MPS/mps_conveyor' has it as well", NULL, false},
    {"[model-11.2] a report that nobody knows is told", NULL, "<Value>slide-full</Value>", "<Value>slide-rusty</Value>",
     EJECTOR "/lightBarrier_slideFull/Sim/Reports",
     "Sim/Reports is 'slide-rusty'; the simulation knows magazine-empty and slide-full", NULL, false},
    {"[model-11.2] a material that no sensor sees is told", AT("sensor_inductive"), "<Value>metal</Value>",
     "<Value>glass</Value>", EJECTOR "/sensor_inductive/Sim/Detects",
     "Sim/Detects is 'glass'; the simulation knows metal", NULL, false},
};

static const struct mutant of_mixer[] = {
    {"[model-11.7] a switch with a long name is none of the simulation, but of the plant", NULL, "Name=\"key\"",
     "Name=\"key_with_a_name_that_is_longer_than_an_argument_may_be\"",
     "Plant/MIXER/mixer_panel/key_with_a_name_that_is_longer_than_an_argument_may_be",
     "cannot be pressed in the simulation: its name and words must have at most 47 bytes", NULL, true},
    {"[model-11.3] an attribute that the simulation does not know is told, with the nearest", AT("mixer_storage"),
     "Name=\"Temperature\"", "Name=\"Temperatur\"", STORAGE "/Sim/Temperatur",
     "the simulation has no use for 'Temperatur'; did you mean 'Temperature'?", NULL, true},
    // vessels
    {"[model-11.4] a flow to nowhere is told", AT("refill"), "Name=\"To\"", "Name=\"Towards\"",
     STORAGE "/refill/Sim/FlowRate", "Sim/From and Sim/To must say where it flows", "<Attribute Name=\"FlowRate\"",
     false},
    {"[model-11.4] a vessel of another name is told", AT("refill"), "<Value>mixer_storage</Value>",
     "<Value>mixer_store</Value>", STORAGE "/refill/Sim/To",
     "Sim/To must name a thing with Sim/VesselVolume; 'mixer_store' is none", NULL, false},
    {"[model-11.4] a vessel that is fuller than full is told", AT("mixer_storage"), "<Value>150</Value>",
     "<Value>250</Value>", STORAGE "/Sim/Level", "Sim/Level is 250 l, but the vessel holds 0 to 200 l", NULL, false},
    {"[model-11.4] a volume is above zero", AT("mixer_storage"), "<Value>200</Value>", "<Value>-200</Value>",
     STORAGE "/Sim/VesselVolume", "the simulation needs a number above 0 as Sim/VesselVolume here", NULL, false},
    {"[model-11.4] a cooling time is not below zero", AT("mixer_vessel"), "<Value>1800</Value>", "<Value>-1</Value>",
     VESSEL "/Sim/CoolingTime", "Sim/CoolingTime is -1; it is 0 or more", NULL, false},
    {"[model-11.4] a heater heats a vessel", AT("heater"), "<Value>mixer_vessel</Value>", "<Value>mixer_panel</Value>",
     VESSEL "/heater/Sim/Of", "Sim/Of must name a thing with Sim/VesselVolume (or the element stands in one)", NULL,
     false},
    {"[model-11.4] a vessel is a thing", AT("refill"), "Name=\"FlowRate\"",
     "Name=\"VesselVolume\" AttributeDataType=\"xs:double\"><Value>5</Value></Attribute><Attribute Name=\"FlowRate\"",
     STORAGE "/refill/Sim/VesselVolume", "a vessel is a thing; 'refill' is none", NULL, false},
    {"[model-11.5] a measure that nobody knows is told", AT("temperature"), "<Value>temperature</Value>",
     "<Value>colour</Value>", VESSEL "/temperature/Sim/Measures",
     "Sim/Measures is 'colour'; the simulation knows level, temperature, homogeneity, flow", NULL, false},
    {"[model-11.5] a unit that does not fit the measure is told", AT("mixer_vessel"), "<Value>°C</Value>",
     "<Value>bar</Value>", VESSEL "/temperature/Sim/Measures", "the simulation cannot measure temperature in 'bar'",
     "<Attribute Name=\"Measures\"", false},
    {"[model-11.5] a height is needed for a level in mm", AT("mixer_storage"), "<Value>l</Value>", "<Value>mm</Value>",
     STORAGE "/level/Sim/Measures", "use l, % or m³, or mm and m with Sim/VesselHeight", "<Attribute Name=\"Measures\"",
     false},
    {"[model-11.5] a flow sensor names its pump", AT("homogeneity"), "<Value>homogeneity</Value>",
     "<Value>flow</Value>", VESSEL "/homogeneity",
     "Sim/Of must name a valve or pump (with Sim/FlowRate) of the same thing", AT("homogeneity"), false},
};

int main(void) {
    int failed = run_mutants("simulation of mps", plant_file, of_mps, sizeof of_mps / sizeof of_mps[0]);
    return failed + run_mutants("simulation of mixer", mixer_file, of_mixer, sizeof of_mixer / sizeof of_mixer[0]);
}
