import { compile, grad, mul, openGpu, softmax, sum } from 'kinegrad';

const gpu = await openGpu();
const program = await compile(
  gpu,
  ({ x, dy }) => {
    const y = softmax(x);
    const loss = sum(mul(y, dy));
    const [dx] = grad(loss, [x]);
    return { y, dx: dx! };
  },
  { x: [2, 3], dy: [2, 3] },
);

for (const { op, kernel, groups } of program.plan.dispatches)
  console.log(`${op}: ${kernel.file} on ${groups.join(' x ')} workgroups`);

const batch = { x: [1, 2, 3, 1000, 999, -1000], dy: [0, 0, 1, 1, 0, 0] };
const { y, dx } = await program.run(batch, { read: ['y', 'dx'] });
const show = (values: Float32Array) => [...values].map((v) => v.toFixed(4)).join(' ');
console.log(`y  ${show(y)}`);
console.log(`dx ${show(dx)}`);

const created = () => gpu.counts.buffers + gpu.counts.bindGroups + gpu.counts.pipelines;
const before = created();
for (let step = 0; step < 100; step++) await program.run(batch);
await program.done();
console.log(`created in 100 more steps: ${created() - before}`);
gpu.close();
