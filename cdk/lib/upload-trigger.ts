import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { delivery } from './delivery.ts';

export interface UploadTriggerProps {
  readonly bucket: IBucket;
  readonly stateMachine: IStateMachine;
  /** Where events go that could not start an execution. */
  readonly deadLetterQueue: IQueue;
}

/** Every object that comes to `raw-uploads/` starts an execution, with the whole event as its input. */
export class UploadTrigger extends Construct {
  readonly rule: Rule;

  constructor(scope: Construct, id: string, props: UploadTriggerProps) {
    super(scope, id);
    this.rule = new Rule(this, 'Rule', {
      description: 'sightline: an upload to raw-uploads/ starts image-analysis',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [props.bucket.bucketName] }, object: { key: Match.wildcard('raw-uploads/*') } },
      },
      targets: [new SfnStateMachine(props.stateMachine, delivery(props.deadLetterQueue))],
    });
  }
}
