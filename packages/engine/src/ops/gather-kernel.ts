import * as tf from '@tensorflow/tfjs-core';
import type { GatherV2Attrs, GatherV2Inputs, NamedAttrMap, NamedTensorInfoMap } from '@tensorflow/tfjs-core';
import { typeAttribute } from './attributes.js';
import { nodeBackend } from '../node-backend.js';

/**
 * Puts our gather in the place of tfjs-node's, which reads every index on the host to check its range:
 * that stops the pipeline in eager mode and cannot be recorded. TensorFlow checks the range itself.
 */
export function registerGatherKernel(): void {
  tf.unregisterKernel('GatherV2', 'tensorflow');
  tf.registerKernel({
    kernelName: 'GatherV2',
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap | undefined }) => {
      const { x, indices } = inputs as unknown as GatherV2Inputs as { x: tf.Tensor; indices: tf.Tensor };
      const { axis, batchDims } = attrs as unknown as GatherV2Attrs;
      const backend = nodeBackend();
      const axisTensor = tf.scalar(axis, 'int32');
      const rows = backend.executeSingleOutput(
        'GatherV2',
        [
          { name: 'batch_dims', type: backend.binding.TF_ATTR_INT, value: batchDims },
          typeAttribute('Tparams', x.dtype),
          typeAttribute('Tindices', indices.dtype),
          typeAttribute('Taxis', 'int32'),
        ],
        [x, indices, axisTensor],
      );
      axisTensor.dispose();
      return rows;
    },
  });
}
