#!/bin/sh
# Checks and times the kernels of Kinegrad on this machine: ./run.sh --json out.json
# All arguments are those of the bench; ./run.sh --help lists them.
here=$(cd "$(dirname "$0")" && pwd) || exit
node=$here/bin/node

# Kubernetes mounts NVIDIA's driver here, where the dynamic linker does not look by itself.
for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib; do
  [ -d "$folder" ] && LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder
done
[ -n "$LD_LIBRARY_PATH" ] && export LD_LIBRARY_PATH

starts() {
  "$node" -e 'require(process.argv[1])' "$here/node_modules/webgpu/dist/linux-x64/dawn.node" 2>&1
}

# The machine's own libstdc++ is better for its drivers, but there may be none, or one too old.
if ! starts >/dev/null; then
  export LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  if ! why=$(starts); then
    echo "run.sh: the packed Node and Dawn need Linux x64 with glibc 2.34 or newer. $why" >&2
    exit 1
  fi
fi
exec "$node" "$here/bench/packed/main.js" "$@"
