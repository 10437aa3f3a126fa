/// The test program is its own worker: started as NAME/bootstrap, it behaves as the function of that name.
#pragma once

/// Returns when this process is not a worker; otherwise never.
void worker_main_if_started_by_the_service(void);
