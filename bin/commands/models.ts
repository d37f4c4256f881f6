import type { CommandGroup } from '../command.ts';
import { cardCommand } from '../model-card.ts';
import { listCommand, verifyCommand } from '../model-list.ts';
import { importCommand, pullCommand, removeCommand } from '../model-transfers.ts';

/** `reelflow models`: networks by name, their weights in the model store, and cards of other networks. */
export const command: CommandGroup = {
  name: 'models',
  does: 'lists networks; stores, downloads and verifies their weights; writes model cards',
  commands: [listCommand, importCommand, pullCommand, verifyCommand, removeCommand, cardCommand],
  examples: [
    'reelflow models list',
    'reelflow models pull alexnet',
    'reelflow models import alexnet alexnet-owt-7be5be79.pth',
    'reelflow models card network.onnx --output features',
  ],
};
