import type { CommandGroup } from '../command.ts';
import { cardCommand } from '../network-card.ts';
import { listCommand, verifyCommand } from '../network-list.ts';
import { importCommand, pullCommand, removeCommand } from '../weight-transfers.ts';

/**
 * `reelflow weights`: the named networks, their weights in the weights store, and cards of other
 * networks.
 */
export const command: CommandGroup = {
  name: 'weights',
  formerly: ['models'],
  does: 'lists networks; stores, downloads and verifies their weights; writes network cards',
  commands: [listCommand, importCommand, pullCommand, verifyCommand, removeCommand, cardCommand].map((each) => ({
    ...each,
    formerly: [each.name.replace('weights', 'models')],
  })),
  examples: [
    'reelflow weights list',
    'reelflow weights pull alexnet',
    'reelflow weights import alexnet alexnet-owt-7be5be79.pth',
    'reelflow weights card network.onnx --output features',
  ],
};
