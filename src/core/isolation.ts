/** What keeps the processes of a run together, besides their group. It takes time at each start. */
export type Isolation = "cgroup";
