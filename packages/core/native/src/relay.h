/* The relay: how everybody but the owner reaches a sandbox, by `docker exec -i SUPERVISOR relay`. */
#ifndef PARACLE_RELAY_H
#define PARACLE_RELAY_H

_Noreturn void relay_run(void);

#endif
