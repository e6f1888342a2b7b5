/** The commands that train lifters and measure them. */

import type { Command } from 'commander';
import type { EvaluateOptions } from './evaluate.ts';
import { adapterOption, number } from './options.ts';
import type { TrainFlags } from './train_command.ts';

/** Adds `train` and `eval`. */
export function addTrainingCommands(program: Command): void {
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
    .option(
      '--config <file>',
      'JSON with any of the settings below; options on the command line win',
    )
    .option('--steps <n>', 'steps to make', number)
    .option('--epochs <n>', 'passes over the training poses to make, instead of steps', number)
    .option('--batch <n>', 'poses a step', number)
    .option(
      '--seed <n>',
      'of the initial weights, the batches and all other random numbers',
      number,
    )
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
      const { trainCommand } = await import('./train_command.ts');
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
      const { describeEvaluation, evaluateModel } = await import('./evaluate.ts');
      const evaluation = await evaluateModel(options);
      console.log(
        options.json ? JSON.stringify(evaluation, null, 2) : describeEvaluation(evaluation),
      );
    });
}
