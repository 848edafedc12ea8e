#!/bin/bash
# Ray on the nodes of a Slurm job, and one molsearch command over all of them:
#
#   sbatch deploy/slurm.sh index vendor.smi -o library.index
#
# Input, output and home lie on disks that all nodes share; molsearch[cluster] is installed on each.
#SBATCH --job-name=molsearch
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=32
#SBATCH --time=12:00:00
set -euo pipefail

export OMP_NUM_THREADS=1
port=6379
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
address=$(srun --nodes=1 --ntasks=1 -w "$head" hostname --ip-address | awk '{print $1}'):$port
# The first run of Ray writes a token to ~/.ray, by which the nodes of a job know each other.
srun --nodes=1 --ntasks=1 -w "$head" --cpus-per-task="$SLURM_CPUS_PER_TASK" \
    ray start --head --port="$port" --num-cpus="$SLURM_CPUS_PER_TASK" --block &
until ray health-check --address "$address" 2>/dev/null; do sleep 2; done
if [ "$SLURM_JOB_NUM_NODES" -gt 1 ]; then
    srun --nodes=$((SLURM_JOB_NUM_NODES - 1)) --ntasks=$((SLURM_JOB_NUM_NODES - 1)) \
        --exclude="$head" --cpus-per-task="$SLURM_CPUS_PER_TASK" \
        ray start --address="$address" --num-cpus="$SLURM_CPUS_PER_TASK" --block &
    sleep 20
fi

molsearch "$@" --cluster "$address"
