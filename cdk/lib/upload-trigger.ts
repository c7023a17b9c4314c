import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Rule, type IRule, type RuleTargetConfig } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine, type SfnStateMachineProps } from 'aws-cdk-lib/aws-events-targets';
import { Role } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { delivery } from './delivery.ts';
import type { ImageAnalysis } from './image-analysis.ts';
import { ownService } from './own-service.ts';

export interface UploadTriggerProps {
  readonly bucket: IBucket;
  readonly imageAnalysis: ImageAnalysis;
  /** Where events go that could not start an execution. */
  readonly deadLetterQueue: IQueue;
}

/**
 * Every object that comes to `raw-uploads/` starts an execution, with the whole event as its input; but not the marker of a folder,
 * which the S3 console makes: zero bytes, and a key that ends in a slash.
 *
 * A pattern cannot say of one field that it begins with one text and does not end with another: several matchers of a field are
 * alternatives. So an object with content starts one by its prefix alone, and an empty one if its key holds a dot, as names of files do.
 * reconcile finds the few empty objects that are passed over, and inspect-image ends quietly at a marker that comes all the same.
 */
export class UploadTrigger extends Construct {
  readonly rule: Rule;

  constructor(scope: Construct, id: string, props: UploadTriggerProps) {
    super(scope, id);
    // Not the ARN of the rule itself: the rule names the role, so it is made after it.
    const rules = Stack.of(this).formatArn({ service: 'events', resource: 'rule', resourceName: '*', arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
    const role = new Role(this, 'Role', { assumedBy: ownService(this, 'events', rules) });
    this.rule = new Rule(this, 'Rule', {
      description: 'sightline: an upload to raw-uploads/ starts image-analysis',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [props.bucket.bucketName] },
          object: {
            $or: [
              { key: [{ wildcard: 'raw-uploads/*' }], size: [{ numeric: ['>', 0] }] },
              { key: [{ wildcard: 'raw-uploads/*.*' }], size: [0] },
            ],
          },
        },
      },
      targets: [new LiveMachine(props.imageAnalysis, { ...delivery(props.deadLetterQueue), role })],
    });
  }
}

/** What is released of the machine. The right to start it is a right on the machine itself, whatever alias is named. */
class LiveMachine extends SfnStateMachine {
  private readonly arn: string;

  constructor(imageAnalysis: ImageAnalysis, props: SfnStateMachineProps) {
    super(imageAnalysis.stateMachine, props);
    this.arn = imageAnalysis.liveArn;
  }

  override bind(rule: IRule): RuleTargetConfig {
    return { ...super.bind(rule), arn: this.arn };
  }
}
