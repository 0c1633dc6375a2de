# Sourced by the supervisors of hosts: a reader of a pipe that the caller had open must not wait for us. (bash
# reads the program from 255.)
for fd in "/proc/$$/fd"/*; do
  fd=${fd##*/}
  if ((fd > 2 && fd != 255)); then eval "exec $fd>&-"; fi
done
