import { Duration } from 'aws-cdk-lib';
import type { TargetBaseProps } from 'aws-cdk-lib/aws-events-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';

/** How events are delivered: as often and as long as EventBridge can, and then kept. */
export function delivery(deadLetterQueue: IQueue): TargetBaseProps {
  return { deadLetterQueue, maxEventAge: Duration.hours(24), retryAttempts: 185 };
}
