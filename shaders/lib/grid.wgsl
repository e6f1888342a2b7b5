// A line of workgroups may be longer than a dimension of the grid allows (65,535): the host folds
// it into two dimensions, and this is the place on the unfolded line. The last row may overhang.

fn line(group: vec3u, groups: vec3u) -> u32 {
  return group.x + group.y * groups.x;
}
