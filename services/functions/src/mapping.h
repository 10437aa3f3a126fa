/// What starts a function, as AWS's event source mappings say it: an ARN becomes a trigger. Pure.
///
///   arn:aws:iot:REGION:ACCOUNT:thing/THING[/PATH]      a twin that changed, below PATH; THING with * and ?
///   arn:aws:iot:REGION:ACCOUNT:topicfilter/FILTER      a message on a topic; also topic/TOPIC
///   arn:aws:scheduler:REGION:ACCOUNT:schedule/TIME     rate(5 minutes), cron(0 8 ? * MON-FRI *)
///   arn:aws:events:REGION:ACCOUNT:source/SOURCE        an event of the plant; SOURCE with * and ?
#pragma once

#include <site/function.h>

/// `condition` is one of a twin's trigger, else empty. `ret_manifest` has the one trigger in it; destroy it.
/// ERROR_INVALID: nothing of ours, with what may stand there.
enum error mapping_read(struct text source, struct text condition, struct function_manifest **ret_manifest,
                        struct problem *ret_problem);
