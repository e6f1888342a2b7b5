#!/usr/bin/env node
/** The command line: it parses arguments and prints. */

import { createRequire } from 'node:module';
import { Command, Option } from 'commander';
import type { ConvertFlags } from './cli/convert.ts';
import type { DemoFlags } from './cli/demo.ts';
import type { ExportFlags } from './cli/export.ts';
import type { InfoFlags } from './cli/info.ts';
import type { LiftFlags } from './cli/lift.ts';
import type { LookFlags } from './cli/look/command.ts';
import { adapterOption, number } from './cli/options.ts';
import type { PrepareFlags } from './cli/prepare/command.ts';
import { JOINT_ORDERS } from './cli/prepare/orders.ts';
import type { RenderFlags } from './cli/render.ts';
import { addTrainingCommands } from './cli/training_commands.ts';

const { version, description } = createRequire(import.meta.url)('kinegrad/package.json');

const program = new Command('kinegrad').description(description).version(version);

program
  .command('info')
  .description('list the WebGPU adapters, which is used and why')
  .addOption(adapterOption())
  .option('--json', 'print everything as JSON')
  .action(async (options: InfoFlags) => {
    const { infoCommand } = await import('./cli/info.ts');
    console.log(await infoCommand(version, options));
  });

addTrainingCommands(program);

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
