# Sourced by what supervises a host: whoever waits for the end of a pipe that the caller happened to have
# open must not wait for us. (255 is where bash reads the program.)
for fd in "/proc/$$/fd"/*; do
  fd=${fd##*/}
  if ((fd > 2 && fd != 255)); then eval "exec $fd>&-"; fi
done
