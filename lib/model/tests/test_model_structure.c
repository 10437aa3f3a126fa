// What is wrong with the structure of a model is told with line, path and remedy: each row changes the plant once.
#include "plant_file.h"

#define MOTOR "Name=\"motor\""
#define MOTOR_CLASS "<SystemUnitClass Name=\"Motor\""
#define ENTRY "Name=\"lightBarrier_entry\""
#define THING_ROLE "<RoleRequirements RefBaseRoleClassPath=\"SplcRoleClassLib/Thing\"/>"
#define CONTROLLER_ROLE "<RoleRequirements RefBaseRoleClassPath=\"SplcRoleClassLib/Controller\"/>"

#define DERIVED(name, base) "<SystemUnitClass Name=\"" name "\" RefBaseClassPath=\"SplcSystemUnitClassLib/" base "\"/>"
#define SIXTEEN_CLASSES                                                                                                \
    DERIVED("c1", "Thing")                                                                                             \
    DERIVED("c2", "c1")                                                                                                \
    DERIVED("c3", "c2")                                                                                                \
    DERIVED("c4", "c3")                                                                                                \
    DERIVED("c5", "c4")                                                                                                \
    DERIVED("c6", "c5")                                                                                                \
    DERIVED("c7", "c6")                                                                                                \
    DERIVED("c8", "c7")                                                                                                \
    DERIVED("c9", "c8")                                                                                                \
    DERIVED("c10", "c9")                                                                                               \
    DERIVED("c11", "c10")                                                                                              \
    DERIVED("c12", "c11")                                                                                              \
    DERIVED("c13", "c12")                                                                                              \
    DERIVED("c14", "c13")                                                                                              \
    DERIVED("c15", "c14")                                                                                              \
    DERIVED("c16", "c15")

static const struct mutant mutants[] = {
    // the file
    {"[model-1.1] another version of CAEX is refused with a remedy", NULL, "SchemaVersion=\"3.0\"",
     "SchemaVersion=\"2.0\"", "", "SchemaVersion is '2.0', but known are CAEX 3.0", NULL, false},
    {"[model-1.1] CAEX 2.15 has no namespace", NULL, "SchemaVersion=\"3.0\"", "SchemaVersion=\"2.15\"", "",
     "write xmlns=\"\" for CAEX 2.15", NULL, false},
    {"[model-1.1] a file without a version is refused", NULL, "SchemaVersion=\"3.0\"", "", "", "SchemaVersion is ''",
     NULL, false},
    {"[model-1.1] the namespace of CAEX is asked for", NULL, "<CAEXFile xmlns=\"http://www.dke.de/CAEX\"", "<CAEXFile",
     "", "CAEXFile has the namespace ''; write xmlns", "SchemaVersion", false},
    {"[model-1.1] another root element is refused", NULL, "<CAEXFile", "<PLCFile", "",
     "the root element is <PLCFile>, not <CAEXFile>", "SchemaVersion", false},
    {"[model-1.1] a document type is refused", NULL, "<CAEXFile", "<!DOCTYPE CAEXFile><CAEXFile", "",
     "a document type declaration is not allowed", NULL, false},
    {"[model-1.1] broken XML is refused with its line", MOTOR, "</InternalElement>", "</InternalElemen>",
     "Plant/MPS/mps_conveyor/motor", "not well-formed XML", NULL, false},
    {"[model-1.2] an element that CAEX does not know is refused, with the nearest", MOTOR, "<Attribute ", "<Atribute ",
     "Plant/MPS/mps_conveyor/motor", "CAEX has no element <Atribute> in <InternalElement>; did you mean 'Attribute'?",
     NULL, false},
    {"[model-1.2] an unknown element is refused", "<InternalElement " MOTOR, "<RoleRequirements ", "<RoleRequirement ",
     "Plant/MPS/mps_conveyor/motor",
     "CAEX has no element <RoleRequirement> in <InternalElement>; did you mean 'RoleRequirements'?", NULL, false},
    {"[model-1.2] an element in the wrong place is refused", NULL, "<InstanceHierarchy Name=\"Plant\">",
     "<InstanceHierarchy Name=\"Plant\"><Attribute Name=\"a\"/>", "Plant",
     "<Attribute> cannot stand in <InstanceHierarchy>; move it into <InternalElement>, or remove it", NULL, false},
    {"[model-1.2] an element inside of a text is refused", MOTOR, "<Value>Belt motor</Value>",
     "<Value>Belt <b/>motor</Value>", "Plant/MPS/mps_conveyor/motor/DisplayName",
     "<b> cannot stand in <Value>, which holds text only; remove it", NULL, false},
    {"[model-1.2] an unknown XML attribute is refused, with the nearest", MOTOR, "RefBaseSystemUnitPath",
     "RefBaseSystemUnit", "Plant/MPS/mps_conveyor/motor",
     "<InternalElement> has no XML attribute 'RefBaseSystemUnit'; did you mean 'RefBaseSystemUnitPath'?", NULL, false},
    {"[model-1.2] an unknown XML attribute that is like none is refused", MOTOR,
     "RefBaseSystemUnitPath=", "zzz=\"1\" RefBaseSystemUnitPath=", "Plant/MPS/mps_conveyor/motor",
     "<InternalElement> has no XML attribute 'zzz'; remove it", NULL, false},
    {"[model-1.2] of several unknown XML attributes each is told: the first", MOTOR,
     "RefBaseSystemUnitPath=", "zzz=\"1\" yyy=\"1\" RefBaseSystemUnitPath=", "Plant/MPS/mps_conveyor/motor",
     "no XML attribute 'zzz'", NULL, false},
    {"[model-1.2] of several unknown XML attributes each is told: the last", MOTOR,
     "RefBaseSystemUnitPath=", "zzz=\"1\" yyy=\"1\" RefBaseSystemUnitPath=", "Plant/MPS/mps_conveyor/motor",
     "no XML attribute 'yyy'", NULL, false},
    {"[model-1.2] an XML attribute of a text is told", MOTOR, "<Value>1K1", "<Value unit=\"m\">1K1",
     "Plant/MPS/mps_conveyor/motor/Bmk", "the XML attribute 'unit' of <Value> is not kept; remove it", NULL, false},
    {"[model-1.2] text outside of Value is told", MOTOR, "<Value>1K1</Value>", "1K1",
     "Plant/MPS/mps_conveyor/motor/Bmk", "text '1K1' stands in <Attribute>; put it into <Value>", NULL, false},
    {"[model-1.2] a second value is told", MOTOR, "<Value>1K1</Value>", "<Value>1K1</Value><Value>1K2</Value>",
     "Plant/MPS/mps_conveyor/motor/Bmk", "a second <Value>; remove one", NULL, false},
    // references
    {"[model-1.4] a class that does not exist is named, with the nearest", MOTOR, "SplcSystemUnitClassLib/Motor",
     "SplcSystemUnitClassLib/Moter", "Plant/MPS/mps_conveyor/motor",
     "there is no system unit class 'SplcSystemUnitClassLib/Moter'; did you mean 'Motor'?", NULL, false},
    {"[model-1.4] a library that is not in the file is said to be missing", MOTOR, "SplcSystemUnitClassLib/Motor",
     "AcmeDrives/Motor", "Plant/MPS/mps_conveyor/motor", "its library is not in this file", NULL, false},
    {"[model-1.4] a misspelt library is recognised", MOTOR, "SplcSystemUnitClassLib/Motor",
     "SplcSystemUnitClasLib/Motor", "Plant/MPS/mps_conveyor/motor", "did you mean 'SplcSystemUnitClassLib'?", NULL,
     false},
    {"[model-1.4] a library is no class", MOTOR, "SplcSystemUnitClassLib/Motor", "SplcSystemUnitClassLib",
     "Plant/MPS/mps_conveyor/motor", "there is no system unit class 'SplcSystemUnitClassLib'", NULL, false},
    {"[model-1.4] a base class that does not exist is named", MOTOR_CLASS, "SplcSystemUnitClassLib/CoreModule",
     "SplcSystemUnitClassLib/Core", "SplcSystemUnitClassLib/Motor", "there is no system unit class", NULL, false},
    {"[model-1.4] a role that does not exist is named", MOTOR, "SplcRoleClassLib/Motor", "SplcRoleClassLib/Engine",
     "Plant/MPS/mps_conveyor/motor", "there is no role class 'SplcRoleClassLib/Engine'", NULL, false},
    {"[model-1.4] a supported role that does not exist is named", MOTOR_CLASS, "SplcRoleClassLib/Motor",
     "SplcRoleClassLib/Moto", "SplcSystemUnitClassLib/Motor", "did you mean 'Motor'?", NULL, false},
    {"[model-1.4] an interface class that does not exist is named", MOTOR, "SplcInterfaceClassLib/ActuatorSignal",
     "SplcInterfaceClassLib/ActuatorSignl", "Plant/MPS/mps_conveyor/motor/right", "did you mean 'ActuatorSignal'?",
     NULL, false},
    {"[model-1.4] an attribute type that does not exist is named", MOTOR, "SplcAttributeTypeLib/DisplayName",
     "SplcAttributeTypeLib/Display", "Plant/MPS/mps_conveyor/motor/DisplayName", "there is no attribute type", NULL,
     false},
    // inheritance
    {"[model-1.5] a class that inherits from itself is refused", MOTOR_CLASS, "SplcSystemUnitClassLib/CoreModule",
     "SplcSystemUnitClassLib/Motor", "SplcSystemUnitClassLib/Motor",
     "system unit class 'Motor' is a base class of itself", NULL, false},
    {"[model-1.5] a loop of classes is refused", NULL, "<SystemUnitClass Name=\"CoreModule\">",
     "<SystemUnitClass Name=\"CoreModule\" RefBaseClassPath=\"SplcSystemUnitClassLib/Motor\">",
     "SplcSystemUnitClassLib/Motor", "is a base class of itself", MOTOR_CLASS, false},
    {"[model-1.5] a loop of roles is refused", "<RoleClass Name=\"CoreModule\"",
     "AutomationMLBaseRoleClassLib/AutomationMLBaseRole/Resource", "SplcRoleClassLib/Button", "SplcRoleClassLib/Button",
     "role class 'Button' is a base class of itself", "<RoleClass Name=\"Button\"", false},
    {"[model-1.5] a loop of attribute types is refused", NULL, "<AttributeType Name=\"Bmk\"",
     "<AttributeType Name=\"Bmk\" RefAttributeType=\"SplcAttributeTypeLib/Bmk\"", "SplcAttributeTypeLib/Bmk",
     "attribute type 'Bmk' is a base class of itself", NULL, false},
    {"[model-1.5] more than sixteen classes above each other are refused", NULL, "<SystemUnitClass Name=\"Thing\"",
     SIXTEEN_CLASSES "<SystemUnitClass Name=\"Thing\"", "SplcSystemUnitClassLib/c16",
     "system unit class 'c16' has too many base classes", NULL, false},
    // mirrors, other files
    {"[model-1.6] a mirror in the station is passed over", NULL, "<InternalElement " MOTOR,
     "<InternalElement Name=\"again\" ID=\"11111111-2222-3333-4444-555555555555\" "
     "RefBaseSystemUnitPath=\"{6135AC11-91D9-50CB-9215-A59DDD5D3C1D}\"/><InternalElement " MOTOR,
     "Plant/MPS/mps_conveyor/again", "is passed over: it mirrors 'lightBarrier_exit' in line", NULL, true},
    {"[model-1.6] mirrors of each other are refused", NULL, "<InternalElement " MOTOR,
     "<InternalElement Name=\"a\" ID=\"11111111-2222-3333-4444-555555555551\" "
     "RefBaseSystemUnitPath=\"11111111-2222-3333-4444-555555555552\"/><InternalElement Name=\"b\" "
     "ID=\"11111111-2222-3333-4444-555555555552\" RefBaseSystemUnitPath=\"11111111-2222-3333-4444-555555555551\"/>"
     "<InternalElement " MOTOR,
     "Plant/MPS/mps_conveyor/b", "InternalElement 'b' mirrors itself", NULL, false},
    {"[model-1.6] a class in another file is refused with that file's name", MOTOR, "SplcSystemUnitClassLib/Motor\"",
     "drives@Drives/Motor\"", "Plant/MPS/mps_conveyor/motor", "there is no system unit class 'drives@Drives/Motor'",
     NULL, false},
    // names and IDs
    {"[model-2.1] two elements of one name are refused", ENTRY, "lightBarrier_exit", "motor",
     "Plant/MPS/mps_conveyor/motor", "the name 'motor' stands in line", NULL, false},
    {"[model-2.1] among many siblings a doubled name is found as well", "<InternalElement Name=\"RevPiDI\"",
     "Name=\"I_16\"", "Name=\"I_2\"", "Plant/MPS/mps_plc/RevPiDI/I_2", "the name 'I_2' stands in line", NULL, false},
    {"[model-2.1] two attributes of one name are refused", MOTOR, "Name=\"Bmk\"", "Name=\"DisplayName\"",
     "Plant/MPS/mps_conveyor/motor/DisplayName", "names of siblings must differ", NULL, false},
    {"[model-2.1] two classes of one name are refused", NULL, "<SystemUnitClass Name=\"Switch\"",
     "<SystemUnitClass Name=\"Button\"", "SplcSystemUnitClassLib/Button", "names of siblings must differ", NULL, false},
    {"[model-2.1] a name with a blank is refused", NULL, MOTOR, "Name=\"belt motor\"",
     "Plant/MPS/mps_conveyor/belt motor", "'belt motor' is no name", NULL, false},
    {"[model-2.1] a name that begins with a digit is refused", NULL, MOTOR, "Name=\"1motor\"",
     "Plant/MPS/mps_conveyor/1motor", "not a digit first", NULL, false},
    {"[model-2.1] a hyphen is for things only", NULL, MOTOR, "Name=\"belt-motor\"", "Plant/MPS/mps_conveyor/belt-motor",
     "'belt-motor' is no name", NULL, false},
    {"[model-2.1] an element without a name is refused", NULL, "<InternalElement " MOTOR, "<InternalElement",
     "Plant/MPS/mps_conveyor", "<InternalElement> needs the XML attribute Name", NULL, false},
    {"[model-2.1] a method's name is checked", MOTOR_CLASS, "Name=\"setSlow\"", "Name=\"set slow\"",
     "SplcSystemUnitClassLib/Motor/Methods/set slow", "'set slow' is no name", NULL, false},
    {"[model-2.2] an ID that is used twice is refused, whatever its case", ENTRY,
     "6135ac11-91d9-50cb-9215-a59ddd5d3c1d", "{1A421D62-F1BF-5059-A552-919719B74A84}",
     "Plant/MPS/mps_conveyor/lightBarrier_exit", "the ID 1a421d62-f1bf-5059-a552-919719b74a84 belongs to line", NULL,
     false},
    {"[model-2.2] an element without an ID is refused", MOTOR, "ID=\"1a421d62-f1bf-5059-a552-919719b74a84\"", "",
     "Plant/MPS/mps_conveyor/motor", "has no ID", NULL, false},
    {"[model-2.2] an ID that is no UUID is refused", MOTOR, "1a421d62-f1bf-5059-a552-919719b74a84", "motor-1",
     "Plant/MPS/mps_conveyor/motor", "the ID 'motor-1' is no UUID", NULL, false},
    {"[model-2.3] two signals at one browse path are refused", MOTOR_CLASS, "<Value>direction/left/state</Value>",
     "<Value>direction/right/state</Value>", "Plant/MPS/mps_conveyor/motor/left",
     "'direction/right/state' is a signal and a signal", "<ExternalInterface Name=\"left\"", false},
    {"[model-2.3] a path that leads through a signal is refused", MOTOR_CLASS, "<Value>stop/state</Value>",
     "<Value>slow/state/stop</Value>", "Plant/MPS/mps_conveyor/motor/stop", "'slow/state' is a signal and a folder",
     "<ExternalInterface Name=\"stop\"", false},
    {"[model-2.3] a signal cannot hide a method", MOTOR_CLASS, "<Value>stop/state</Value>", "<Value>setStop</Value>",
     "Plant/MPS/mps_conveyor/motor/stop", "'setStop' is a method and a signal", "<ExternalInterface Name=\"stop\"",
     false},
    {"[model-2.3] an element cannot hide a signal", "Name=\"actuator_start\"", "Name=\"indicator\"", "Name=\"state\"",
     "Plant/MPS/mps_hmi/actuator_start/pressed", "'state' is an element and a signal", "<ExternalInterface", false},
    {"[model-2.3] names that the edge needs itself are refused", MOTOR_CLASS, "<Value>stop/state</Value>",
     "<Value>command</Value>", "Plant/MPS/mps_conveyor/motor/stop", "'command' is the outcome",
     "<ExternalInterface Name=\"stop\"", false},
    // station, controller, things, modules
    {"[model-3.1] a plant without a station is refused", NULL, "<RoleClass Name=\"Station\"",
     "<RoleClass Name=\"Place\"", "", "no element of an InstanceHierarchy has the role Station", "", false},
    {"[model-3.1] a second station is refused", "Transportband", "RefBaseRoleClassPath",
     "RefBaseRoleClassPath=\"SplcRoleClassLib/Station\"/><RoleRequirements RefBaseRoleClassPath",
     "Plant/MPS/mps_conveyor/emergency_stop", "is a second station", "<InternalElement Name=\"emergency_stop\"", false},
    {"[model-3.2] a station without a controller is refused", NULL,
     "<RoleClass Name=\"Controller\" RefBaseClassPath=\"AutomationMLCS",
     "<RoleClass Name=\"Control\" RefBaseClassPath=\"AutomationMLCS", "Plant/MPS", "the station has no controller",
     "<InternalElement Name=\"MPS\"", false},
    {"[model-3.2] a second controller is refused", "Name=\"lightBarrier_slideFull\"", THING_ROLE,
     THING_ROLE CONTROLLER_ROLE, "Plant/MPS/mps_plc", "is a second controller, after 'MPS/mps_ejector'",
     "<InternalElement Name=\"mps_plc\"", false},
    {"[model-3.2] a controller is a thing", NULL, "SplcSystemUnitClassLib/RevPiCore3\"",
     "SplcSystemUnitClassLib/Station\"", "Plant/MPS/mps_plc", "is a second station", NULL, false},
    {"[model-3.3] a station without NamespaceUri is refused", NULL, "<Value>urn:serverless-plc:plant:mps</Value>", "",
     "Plant/MPS", "needs the attribute NamespaceUri", "<InternalElement Name=\"MPS\"", false},
    {"[model-3.3] a NamespaceUri that is no URI is refused", NULL, "urn:serverless-plc:plant:mps", "mps", "Plant/MPS",
     "'mps' is no URI", "<InternalElement Name=\"MPS\"", false},
    {"[model-3.4] a thing in a thing is refused", MOTOR, "SplcRoleClassLib/Motor", "SplcRoleClassLib/Thing",
     "Plant/MPS/mps_conveyor/motor", "a thing stands directly below the station", "<InternalElement Name=\"motor\"",
     false},
    {"[model-3.5] a module that is in no thing is refused", NULL, "<RoleClass Name=\"Thing\"",
     "<RoleClass Name=\"Unit\"", "Plant/MPS/mps_conveyor/motor", "a module stands below a thing",
     "<InternalElement Name=\"motor\"", false},
    {"[model-3.5] a core module without a class is refused", MOTOR,
     "RefBaseSystemUnitPath=\"SplcSystemUnitClassLib/Motor\"", "", "Plant/MPS/mps_conveyor/motor",
     "a core module needs a class", NULL, false},
    {"[model-3.5] an element below a thing that has no role is refused", NULL, "<InternalElement " MOTOR,
     "<InternalElement Name=\"x\" ID=\"11111111-2222-3333-4444-555555555555\"/><InternalElement " MOTOR,
     "Plant/MPS/mps_conveyor/x", "has no role", NULL, false},
    {"[model-3.5] an element below a thing that has a foreign role is passed over", NULL, "<InternalElement " MOTOR,
     "<InternalElement Name=\"x\" ID=\"11111111-2222-3333-4444-555555555555\"><RoleRequirements "
     "RefBaseRoleClassPath=\"AutomationMLBaseRoleClassLib/AutomationMLBaseRole/Product\"/></InternalElement>"
     "<InternalElement " MOTOR,
     "Plant/MPS/mps_conveyor/x", "is passed over", NULL, true},
};

int main(void) {
    return run_mutants("model: structure", plant_file, mutants, sizeof mutants / sizeof mutants[0]);
}
