/// OPC UA server inside an event loop: one endpoint, Basic256Sha256, Sign & Encrypt, user name and password.
///
/// Security None is there for discovery (GetEndpoints, FindServers) and for nothing else. All variables are read-only
/// but drafts (opcua_server_add_entry): what a client wants done, it calls. Variables are event-based: what
/// `opcua_server_write` writes is in the next publish response of whoever monitors it with the sampling interval 0;
/// publishing intervals go down to 1 ms.
///
///     opcua_server_open -> add namespaces and nodes -> opcua_server_serve -> write, raise events -> opcua_server_close
///
/// Threads: the loop's; callbacks come from the loop.
/// Owns: copies of all that is passed in, except contexts.
#pragma once

#include <base/loop.h>
#include <base/problem.h>
#include <opcua/node.h>

struct opcua_server;

/// Each includes those before it.
enum opcua_role { OPCUA_VIEWER, OPCUA_OPERATOR, OPCUA_ENGINEER, OPCUA_ADMINISTRATOR };

/// Who calls. `session` is a number of our own, from 1, never used again.
struct opcua_caller {
    uint32_t session;
    enum opcua_role role;
    struct text user;        // both borrowed for as long as the session lives
    struct text application; // the client's application URI
};

struct opcua_server_options {
    const char *address;          // "127.0.0.1"
    uint16_t port;                // 0: any free one
    const char *application_uri;  // as in the certificate
    const char *application_name; // for people
    const char *certificate_file; // DER
    const char *key_file;         // DER, mode 0600
    /// Certificates of clients (*.der): those in `trusted_folder` may connect; others are refused and kept in
    /// `rejected_folder`, which is made when needed. Read at each connection: moving a file is enough.
    const char *trusted_folder, *rejected_folder;

    /// True when the password is right; may take its time (a hash that is slow on purpose).
    bool (*login)(void *context, struct text user, struct text password, enum opcua_role *ret_role);
    /// A session began; its connection is gone, and nothing comes from it until its client activates it on another one;
    /// it is over: closed or timed out. NULL: not interested. `disconnected` may come from inside a call.
    void (*opened)(void *context, const struct opcua_caller *caller);
    void (*disconnected)(void *context, const struct opcua_caller *caller);
    void (*closed)(void *context, const struct opcua_caller *caller);
    /// For the audit: a client was refused, and why, in one line.
    void (*refused)(void *context, const char *what);
    void *context;
};

enum error opcua_server_open(struct loop *loop, const struct opcua_server_options *options,
                             struct opcua_server **ret_server, struct problem *ret_problem);
/// Opens the port. Before, nodes may be added; afterwards as well, but types and objects only before.
/// ERROR_EXISTS: another program has the port.
enum error opcua_server_serve(struct opcua_server *server, struct problem *ret_problem);
/// Ends all sessions and frees. NULL is fine. Not inside a callback of the server.
void opcua_server_close(struct opcua_server *server);

uint16_t opcua_server_port(const struct opcua_server *server); // 0 before serve
size_t opcua_server_session_count(const struct opcua_server *server);

// ---------------------------------------------------------------- nodes

/// Index of the namespace; added when it is new. 0 when out of memory.
uint16_t opcua_server_namespace(struct opcua_server *server, const char *uri);

/// What every node has. `parent`: for a type its supertype. The browse name's namespace is that of who gave the name:
/// the type's for a member that the type declares, 0 for OPC UA's own ("EURange").
struct opcua_names {
    struct opcua_node node, parent;
    uint16_t browse_namespace;
    struct text browse_name;
    struct text display_name;    // English; empty: the browse name
    struct text display_name_de; // served to sessions that ask for German; empty: none
    struct text description;
    bool optional;      // below a type: objects of it need not have this member
    uint32_t reference; // of an object, how it hangs below its parent: OPCUA_HAS_ADD_IN; 0: HasComponent
};

/// An event type is an object type below OPCUA_BASE_EVENT_TYPE.
enum error opcua_server_add_object_type(struct opcua_server *server, const struct opcua_names *names);

/// From node to node, both there already.
enum opcua_reference_type {
    OPCUA_ORGANIZES = 35,
    OPCUA_GENERATES_EVENT = 41,
    OPCUA_HAS_NOTIFIER = 48,
    OPCUA_HAS_ADD_IN = 17604,
};
enum error opcua_server_add_reference(struct opcua_server *server, const struct opcua_node *from,
                                      enum opcua_reference_type type, const struct opcua_node *to);

/// Clients may subscribe to the events of this object and of all below it.
enum error opcua_server_set_notifier(struct opcua_server *server, const struct opcua_node *object);

/// NamespaceMetadata (OPC 10000-5, 6.3.14) below Server/Namespaces.
struct opcua_namespace_description {
    const char *uri;
    const char *version;
    const char *published; // "2026-01-31T00:00:00Z"; NULL: not known
    bool subset;           // not all nodes of the namespace are here
    bool same_everywhere;  // its NodeIds mean the same in every server: types; instances are this server's
};
enum error opcua_server_describe_namespace(struct opcua_server *server,
                                           const struct opcua_namespace_description *description);
/// Below the Objects folder it hangs by Organizes, elsewhere by HasComponent. Members that its type declares and that
/// are added to the object as well are the object's own.
enum error opcua_server_add_object(struct opcua_server *server, const struct opcua_names *names,
                                   const struct opcua_node *type);

/// A read-only variable for `opcua_server_write`. Until the first write: BadWaitingForInitialData. Its values of the
/// last hour can be read (HistoryRead, raw); memory is bounded: 1 MiB and 256 bytes per variable. Below an object type
/// it is a declaration: `ret_variable` may be NULL.
struct opcua_variable;
enum error opcua_server_add_variable(struct opcua_server *server, const struct opcua_names *names, enum value_type type,
                                     struct opcua_variable **ret_variable);

/// Of OPC 10000-8: with EURange, EngineeringUnits, or both.
enum opcua_variable_type { OPCUA_ANALOG_ITEM = 2368, OPCUA_ANALOG_UNIT = 17497, OPCUA_ANALOG_UNIT_RANGE = 17570 };

/// The same, told apart: all zero but the type is a variable as above.
struct opcua_variable_kind {
    enum value_type type;
    bool duration; // a Double that is a Duration: milliseconds
    /// 0: BaseDataVariableType, PropertyType. The properties that another one demands must follow, before `serve`.
    enum opcua_variable_type type_definition;
    bool property; // HasProperty: describes its owner, though its value changes
};
enum error opcua_server_add_variable_of(struct opcua_server *server, const struct opcua_names *names,
                                        const struct opcua_variable_kind *kind, struct opcua_variable **ret_variable);

/// The same with a list of texts (String[]), for `opcua_server_write_texts`.
enum error opcua_server_add_texts(struct opcua_server *server, const struct opcua_names *names,
                                  struct opcua_variable **ret_variable);

/// A text property that the roles engineer and administrator may write: a draft of something. What `write` answers is
/// the status of the write.
struct opcua_entry {
    struct text (*read)(void *context); // borrowed until the next call
    status_code (*write)(void *context, const struct opcua_caller *caller, struct text text);
    void *context;
};
enum error opcua_server_add_entry(struct opcua_server *server, const struct opcua_names *names,
                                  const struct opcua_entry *entry);

/// Properties: constants.
enum error opcua_server_add_property(struct opcua_server *server, const struct opcua_names *names,
                                     const struct value *value);
/// LocalizedText, in English.
enum error opcua_server_add_property_localized(struct opcua_server *server, const struct opcua_names *names,
                                               struct text english);
enum error opcua_server_add_property_texts(struct opcua_server *server, const struct opcua_names *names,
                                           const struct text *texts, size_t count); // EnumStrings
enum error opcua_server_add_property_range(struct opcua_server *server, const struct opcua_names *names, double low,
                                           double high); // EURange
/// EngineeringUnits. `code` is the unit's in UNECE recommendation 20 ("MMT"); NULL: it has none, and keeps its name.
enum error opcua_server_add_property_unit(struct opcua_server *server, const struct opcua_names *names,
                                          struct text unit, const char *code);

/// One call of a method. The number and types of the inputs are those that were declared. The outputs are preset: empty
/// strings, zeros.
enum { OPCUA_TEXT_BYTES = 512 };
struct opcua_invocation {
    const struct opcua_caller *caller;
    const struct value *inputs;
    size_t input_count;
    struct value *outputs;
    size_t output_count;
    char text[OPCUA_TEXT_BYTES]; // room for a string among the outputs: it is copied after the return
};
/// The outputs reach the client with a bad status, too.
typedef status_code opcua_method_fn(void *context, struct opcua_invocation *call);

struct opcua_method {
    const struct opcua_argument *inputs;
    size_t input_count;
    const struct opcua_argument *outputs;
    size_t output_count;
    opcua_method_fn *call; // NULL: a declaration of a type
    void *context;
};
/// The nodes of the arguments are the method's path, `/InputArguments` and `/OutputArguments`; of a method with a
/// number the numbers that follow.
enum error opcua_server_add_method(struct opcua_server *server, const struct opcua_names *names,
                                   const struct opcua_method *method);

// ---------------------------------------------------------------- values and events

/// Value, quality and source time. VALUE_NULL: no value, only why there is none. ERROR_INVALID: another type.
enum error opcua_server_write(struct opcua_server *server, struct opcua_variable *variable,
                              const struct opcua_data *data);

/// Of a variable of `opcua_server_add_texts`.
enum error opcua_server_write_texts(struct opcua_server *server, struct opcua_variable *variable,
                                    const struct text *texts, size_t count, int64_t source_time_ns);

/// An event of its type from its origin.
enum error opcua_server_raise(struct opcua_server *server, const struct opcua_event *event);
