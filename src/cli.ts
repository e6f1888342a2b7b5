#!/usr/bin/env node
/** The command line: it parses arguments and prints. */

import { createRequire } from 'node:module';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { ConvertFlags } from './cli/convert.ts';
import type { DemoFlags } from './cli/demo.ts';
import type { EvaluateOptions } from './cli/evaluate.ts';
import type { ExportFlags } from './cli/export.ts';
import type { InfoFlags } from './cli/info.ts';
import type { LiftFlags } from './cli/lift.ts';
import type { LookFlags } from './cli/look/command.ts';
import type { PrepareFlags } from './cli/prepare/command.ts';
import { JOINT_ORDERS } from './cli/prepare/orders.ts';
import type { RenderFlags } from './cli/render.ts';
import type { TrainFlags } from './cli/train_command.ts';
import { ADAPTER_KINDS } from './platform/types.ts';

const { version, description } = createRequire(import.meta.url)('kinegrad/package.json');

const program = new Command('kinegrad').description(description).version(version);

const adapterOption = () =>
  new Option('--adapter <kind>', 'the kind of adapter to use, instead of the best there is')
    .choices(ADAPTER_KINDS)
    .env('KINEGRAD_ADAPTER');

/** A number as it was typed, or a refusal that shows it. */
function number(typed: string): number {
  const value = Number(typed);
  if (typed.trim() === '' || !Number.isFinite(value))
    throw new InvalidArgumentError('It is no number.');
  return value;
}

program
  .command('info')
  .description('list the WebGPU adapters, which is used and why')
  .addOption(adapterOption())
  .option('--json', 'print everything as JSON')
  .action(async (options: InfoFlags) => {
    const { infoCommand } = await import('./cli/info.ts');
    console.log(await infoCommand(version, options));
  });

program
  .command('train')
  .description('train a lifter, or go on with a run')
  .argument('[architecture]', 'the architecture: martinez, or the two-stage lifters cnn and vit')
  .option(
    '--data <path>',
    "a .safetensors motion data set, Human3.6M's data_3d_h36m.npz, a folder of .bvh or .asf/.amc, synthetic, or rendered; of cnn and vit rendered, or a folder of shards",
  )
  .option('--split <name>', 'subjects of Human3.6M to learn from: standard or calda')
  .option('--out <folder>', 'where the run is kept')
  .option('--resume <folder>', 'go on with the run in this folder')
  .option('--config <file>', 'JSON with any of the settings below; options on the command line win')
  .option('--steps <n>', 'steps to make', number)
  .option('--epochs <n>', 'passes over the training poses to make, instead of steps', number)
  .option('--batch <n>', 'poses a step', number)
  .option('--seed <n>', 'of the initial weights, the batches and all other random numbers', number)
  .option('--width <n>', 'features of hidden layers', number)
  .option('--dropout <p>', 'probability that a feature is dropped', number)
  .option('--rate <r>', 'highest learning rate of the one-cycle schedule', number)
  .option('--decay <r>', 'weight decay of matrices', number)
  .option('--storage <type>', 'results between ops as f32, or as f16 in half the memory')
  .option(
    '--loss-scale <factor>',
    'first scale of the loss, which finds its size by itself; 65536 with f16, else 0 for none',
    number,
  )
  .option(
    '--average <decay>',
    'judge and ship an exponential moving average of the parameters, 0.999 say',
    number,
  )
  .option('--recompute', 'compute blocks again for the gradients: less memory for more time')
  .option(
    '--validation <subject>',
    'train subject that is held out and chooses the weights; of cnn and vit also a folder of shards',
  )
  .option('--cameras <preset>', 'views to train on: benchmark, wide or mixed')
  .option('--no-mirror', 'do not show people in the mirror')
  .option(
    '--body-variation <deviation>',
    'vary the lengths of bodies, 0.04 is about what people do',
    number,
  )
  .option(
    '--noise <share>',
    'noise of the 2D joints as a share of the box, 0.012 is about a detector',
    number,
  )
  .option('--loss <name>', 'of martinez joints or mse, of cnn and vit ind-p, dep-p or joints')
  .option('--clip <norm>', 'largest norm of the gradient', number)
  .option('--size <pixels>', 'cnn, vit: pixels of a side of a view', number)
  .option('--from <path>', 'cnn, vit: a run, or weights, whose values the network begins with')
  .option(
    '--no-convolutions',
    'cnn: only the part that reads points, to begin a whole network from',
  )
  .option(
    '--guess <n>',
    'cnn, vit: begin at what a residual lifter of this width makes of the joints; give its run, or one that has it, by --from',
    number,
  )
  .option(
    '--depth-dropout <p>',
    'cnn, vit: probability that a person is shown without depth',
    number,
  )
  .option('--depth-error', 'cnn, vit: depth of rendered people is as a network guesses it')
  .option('--judged <n>', 'cnn, vit: people that judge', number)
  .option('--notice <file>', 'text on the origin and terms of the data, kept with the weights')
  .addOption(adapterOption())
  .action(async (architecture: string | undefined, options: TrainFlags) => {
    const { trainCommand } = await import('./cli/train_command.ts');
    await trainCommand(architecture, options);
  });

program
  .command('eval')
  .description('measure a lifter on a benchmark: MPJPE, PA-MPJPE, PCK, AUC, per joint')
  .requiredOption(
    '--model <path>',
    'the folder of a run, or a weights file; of rendered people also mean or linear',
  )
  .requiredOption(
    '--data <file>',
    "a benchmark in .safetensors, Human3.6M's data_2d_h36m_*.npz, a folder of shards, or rendered people",
  )
  .option('--poses <file>', "Human3.6M's data_3d_h36m.npz, for its 2D joints")
  .option('--cameras <file>', 'JSON with its cameras, for its 2D joints')
  .option(
    '--split <name>',
    'its test subjects: standard or calda; of rendered people test or validation',
  )
  .option('--every <n>', 'take every n-th of its frames, 64 as many papers do', number)
  .option('--count <n>', 'how many rendered people, 2000 if not said; of shards all', number)
  .option('--seed <n>', 'of the rendered people, 1 if not said', number)
  .option('--no-depth', 'take the depth away')
  .option('--depth-error', 'their depth is as a network guesses it')
  .option('--json', 'print everything as JSON')
  .addOption(adapterOption())
  .action(async (options: EvaluateOptions & { json?: boolean }) => {
    const { describeEvaluation, evaluateModel } = await import('./cli/evaluate.ts');
    const evaluation = await evaluateModel(options);
    console.log(
      options.json ? JSON.stringify(evaluation, null, 2) : describeEvaluation(evaluation),
    );
  });

program
  .command('prepare')
  .description('make shards to train on of images with joints, depth maps, poses and cameras')
  .requiredOption('--images <folder>', 'the images, in any format that sharp reads')
  .option(
    '--joints <path>',
    'JSON with the people of all images, or a folder of .json or YOLO .txt',
  )
  .option('--depth <folder>', 'depth maps by image name: .png of 16 bits, .tif of floats, or .npy')
  .addOption(new Option('--depth-unit <unit>', 'what they hold').choices(['m', 'mm']))
  .option('--poses <path>', "3D poses in the camera's frame: JSON, or a folder of .json or .npy")
  .addOption(new Option('--pose-unit <unit>', 'what they hold').choices(['m', 'mm']).default('m'))
  .option(
    '--cameras <path>',
    'cameras: JSON with one for all or by image name, or a folder of .json',
  )
  .option('--fov <degrees>', 'horizontal field of view where no camera is given', number, 60)
  .option('--human36m <folder>', "annotations of Human3.6M in RootNet's form, instead of all these")
  .option('--split <name>', 'its subjects: standard or calda', 'standard')
  .addOption(
    new Option('--part <part>', 'of its split').choices(['train', 'test', 'both']).default('train'),
  )
  .option('--every <n>', 'take every n-th of its frames', number, 1)
  .addOption(
    new Option('--joint-order <order>', 'of joints that come without names')
      .choices(Object.keys(JOINT_ORDERS))
      .default('coco'),
  )
  .addOption(
    new Option(
      '--orientation <picture>',
      'whether all this is for the picture as shown or as stored, where sizes do not tell',
    ).choices(['shown', 'stored']),
  )
  .option('--size <pixels>', 'longest side of the images that are kept', number, 512)
  .option('--shard-size <n>', 'samples a shard', number, 1000)
  .option('--workers <n>', 'processes; as many as there are cores if left out', number)
  .option('--replace', 'make shards anew that were made with other options')
  .requiredOption('--out <folder>', 'where the shards are kept')
  .action(async (options: PrepareFlags) => {
    const { prepareCommand } = await import('./cli/prepare/command.ts');
    process.exitCode = await prepareCommand(options);
  });

program.command('prepare-worker', { hidden: true }).action(async () => {
  const { runWorker } = await import('./cli/prepare/worker.ts');
  await runWorker();
});

program
  .command('lift')
  .description('lift the 2D joints of a person in a photo to 3D')
  .option('--model <path>', 'the folder of a run, or a weights file; the shipped weights if none')
  .requiredOption('--image <file>', 'the photo')
  .requiredOption('--joints <file>', 'JSON with the joints by name, in pixels')
  .option('--entry <name>', 'which person of the joints file; the one named as the photo if none')
  .option('--fov <degrees>', 'horizontal field of view of the camera', number)
  .option('--f35 <mm>', 'focal length for 35 mm film', number)
  .option('--intrinsics <fx,fy,cx,cy>', 'the camera in pixels')
  .option(
    '--depth <file>',
    'for two-stage lifters: its depth map, a 16-bit PNG, 32-bit TIFF or npy',
  )
  .addOption(new Option('--depth-unit <unit>', 'what the depth map holds').choices(['m', 'mm']))
  .option('--out <folder>', 'where pose.json and pose.png are written', 'out')
  .addOption(adapterOption())
  .action(async (options: LiftFlags) => {
    const { liftCommand } = await import('./cli/lift.ts');
    console.log(await liftCommand(options));
  });

program
  .command('look')
  .description(
    'draw what two-stage lifters see and make of it: channels, features, attention, poses',
  )
  .requiredOption('--model <paths...>', 'folders of runs, or weights files')
  .option('--count <n>', 'how many rendered people are lifted; the first is looked at', number, 4)
  .option('--first <n>', 'the first person of the split', number, 0)
  .option('--seed <n>', 'of the rendered people', number, 1)
  .option('--split <name>', 'train, validation or test', 'test')
  .option('--image <file>', 'a photo instead of rendered people')
  .option('--joints <file>', 'JSON with its joints by name, in pixels')
  .option('--entry <name>', 'which person of the joints file; the one named as the photo if none')
  .option('--fov <degrees>', 'horizontal field of view of its camera', number)
  .option('--f35 <mm>', 'its focal length for 35 mm film', number)
  .option('--intrinsics <fx,fy,cx,cy>', 'its camera in pixels')
  .option('--depth <file>', 'its depth map, a 16-bit PNG, 32-bit TIFF or npy')
  .addOption(new Option('--depth-unit <unit>', 'what the depth map holds').choices(['m', 'mm']))
  .option('--out <folder>', 'where the pictures are written', 'out')
  .addOption(adapterOption())
  .action(async (options: LookFlags) => {
    const { lookCommand } = await import('./cli/look/command.ts');
    console.log(await lookCommand(options));
  });

program
  .command('export')
  .description('write the weights of a run as one file to ship')
  .requiredOption('--model <path>', 'the folder of a run, or a weights file')
  .requiredOption('--out <file>', 'the file to write, in .safetensors')
  .option('--f16', 'store weight matrices in half precision')
  .option('--notice <file>', 'text on the origin and terms of the data, kept with the weights')
  .action(async (options: ExportFlags) => {
    const { exportCommand } = await import('./cli/export.ts');
    console.log(await exportCommand(options));
  });

program
  .command('convert')
  .description('make weights of the transformer lifter out of published ones')
  .requiredOption('--timm <file>', 'model.safetensors of timm, such as vit_base_patch16_384')
  .requiredOption('--out <file>', 'the file to write, in .safetensors')
  .option('--size <n>', 'pixels along each side of a view; those of the published network', number)
  .option('--heads <n>', 'its heads, which its file does not tell; width / 64', number)
  .option('--root <place>', 'where the root will be: relative or absolute', 'relative')
  .option('--seed <n>', 'of the initial weights of all that it has not', number, 0)
  .option('--f16', 'store weight matrices in half precision')
  .option('--notice <file>', 'text on the origin and terms of the weights, kept with them')
  .action(async (options: ConvertFlags) => {
    const { convertCommand } = await import('./cli/convert.ts');
    console.log(await convertCommand(options));
  });

program
  .command('render')
  .description('render procedural people: a sheet of pictures, depth, parts and joints')
  .option('--count <n>', 'how many people', number, 12)
  .option('--out <folder>', 'where sheet.png is written', 'out')
  .option('--seed <n>', 'of all that is random', number, 1)
  .option('--split <name>', 'train, validation or test; they share nobody', 'train')
  .option('--first <n>', 'the first person of the split', number, 0)
  .option('--size <n>', 'pixels of the longer side', number, 256)
  .option('--depth-error', 'depth as a network guesses it, instead of the truth')
  .option('--single', 'also write every picture as a file of its own')
  .option('--data-set', 'write pictures, depth, joints, poses and cameras for prepare, no sheet')
  .addOption(adapterOption())
  .action(async (options: RenderFlags) => {
    const { renderCommand } = await import('./cli/render.ts');
    console.log(await renderCommand(options));
  });

program
  .command('demo')
  .description(
    'lift a pose with the shipped weights, then train a small lifter, with pictures in out/',
  )
  .option('--image <file>', 'a photo, instead of a drawn person')
  .option('--joints <file>', 'its joints')
  .option('--out <folder>', 'where the pictures are written', 'out')
  .addOption(adapterOption())
  .action(async (options: DemoFlags) => {
    const { demo } = await import('./cli/demo.ts');
    await demo(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  console.error(`kinegrad: ${(error as Error).message}`);
  process.exitCode = 1;
}
