import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { DeviceClient as _ch_device_v1_DeviceClient, DeviceDefinition as _ch_device_v1_DeviceDefinition } from './ch/device/v1/Device.ts';
import type { DrainRequest as _ch_device_v1_DrainRequest, DrainRequest__Output as _ch_device_v1_DrainRequest__Output } from './ch/device/v1/DrainRequest.ts';
import type { DrainResponse as _ch_device_v1_DrainResponse, DrainResponse__Output as _ch_device_v1_DrainResponse__Output } from './ch/device/v1/DrainResponse.ts';
import type { GetHealthRequest as _ch_device_v1_GetHealthRequest, GetHealthRequest__Output as _ch_device_v1_GetHealthRequest__Output } from './ch/device/v1/GetHealthRequest.ts';
import type { GetInfoRequest as _ch_device_v1_GetInfoRequest, GetInfoRequest__Output as _ch_device_v1_GetInfoRequest__Output } from './ch/device/v1/GetInfoRequest.ts';
import type { GetStatsRequest as _ch_device_v1_GetStatsRequest, GetStatsRequest__Output as _ch_device_v1_GetStatsRequest__Output } from './ch/device/v1/GetStatsRequest.ts';
import type { Health as _ch_device_v1_Health, Health__Output as _ch_device_v1_Health__Output } from './ch/device/v1/Health.ts';
import type { Histogram as _ch_device_v1_Histogram, Histogram__Output as _ch_device_v1_Histogram__Output } from './ch/device/v1/Histogram.ts';
import type { Image as _ch_device_v1_Image, Image__Output as _ch_device_v1_Image__Output } from './ch/device/v1/Image.ts';
import type { Info as _ch_device_v1_Info, Info__Output as _ch_device_v1_Info__Output } from './ch/device/v1/Info.ts';
import type { Limits as _ch_device_v1_Limits, Limits__Output as _ch_device_v1_Limits__Output } from './ch/device/v1/Limits.ts';
import type { OperationStats as _ch_device_v1_OperationStats, OperationStats__Output as _ch_device_v1_OperationStats__Output } from './ch/device/v1/OperationStats.ts';
import type { Queue as _ch_device_v1_Queue, Queue__Output as _ch_device_v1_Queue__Output } from './ch/device/v1/Queue.ts';
import type { ResizeRequest as _ch_device_v1_ResizeRequest, ResizeRequest__Output as _ch_device_v1_ResizeRequest__Output } from './ch/device/v1/ResizeRequest.ts';
import type { ResizeResponse as _ch_device_v1_ResizeResponse, ResizeResponse__Output as _ch_device_v1_ResizeResponse__Output } from './ch/device/v1/ResizeResponse.ts';
import type { ResumeRequest as _ch_device_v1_ResumeRequest, ResumeRequest__Output as _ch_device_v1_ResumeRequest__Output } from './ch/device/v1/ResumeRequest.ts';
import type { ResumeResponse as _ch_device_v1_ResumeResponse, ResumeResponse__Output as _ch_device_v1_ResumeResponse__Output } from './ch/device/v1/ResumeResponse.ts';
import type { Stats as _ch_device_v1_Stats, Stats__Output as _ch_device_v1_Stats__Output } from './ch/device/v1/Stats.ts';
import type { TokenBucket as _ch_device_v1_TokenBucket, TokenBucket__Output as _ch_device_v1_TokenBucket__Output } from './ch/device/v1/TokenBucket.ts';
import type { UpdateLimitsRequest as _ch_device_v1_UpdateLimitsRequest, UpdateLimitsRequest__Output as _ch_device_v1_UpdateLimitsRequest__Output } from './ch/device/v1/UpdateLimitsRequest.ts';
import type { UpdateLimitsResponse as _ch_device_v1_UpdateLimitsResponse, UpdateLimitsResponse__Output as _ch_device_v1_UpdateLimitsResponse__Output } from './ch/device/v1/UpdateLimitsResponse.ts';
import type { UpgradeRequest as _ch_device_v1_UpgradeRequest, UpgradeRequest__Output as _ch_device_v1_UpgradeRequest__Output } from './ch/device/v1/UpgradeRequest.ts';
import type { UpgradeResponse as _ch_device_v1_UpgradeResponse, UpgradeResponse__Output as _ch_device_v1_UpgradeResponse__Output } from './ch/device/v1/UpgradeResponse.ts';
import type { WatchStatsRequest as _ch_device_v1_WatchStatsRequest, WatchStatsRequest__Output as _ch_device_v1_WatchStatsRequest__Output } from './ch/device/v1/WatchStatsRequest.ts';
import type { FieldMask as _google_protobuf_FieldMask, FieldMask__Output as _google_protobuf_FieldMask__Output } from './google/protobuf/FieldMask.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from './google/protobuf/Timestamp.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  ch: {
    device: {
      v1: {
        Device: SubtypeConstructor<typeof grpc.Client, _ch_device_v1_DeviceClient> & { service: _ch_device_v1_DeviceDefinition }
        DrainRequest: MessageTypeDefinition<_ch_device_v1_DrainRequest, _ch_device_v1_DrainRequest__Output>
        DrainResponse: MessageTypeDefinition<_ch_device_v1_DrainResponse, _ch_device_v1_DrainResponse__Output>
        GetHealthRequest: MessageTypeDefinition<_ch_device_v1_GetHealthRequest, _ch_device_v1_GetHealthRequest__Output>
        GetInfoRequest: MessageTypeDefinition<_ch_device_v1_GetInfoRequest, _ch_device_v1_GetInfoRequest__Output>
        GetStatsRequest: MessageTypeDefinition<_ch_device_v1_GetStatsRequest, _ch_device_v1_GetStatsRequest__Output>
        Health: MessageTypeDefinition<_ch_device_v1_Health, _ch_device_v1_Health__Output>
        Histogram: MessageTypeDefinition<_ch_device_v1_Histogram, _ch_device_v1_Histogram__Output>
        Image: MessageTypeDefinition<_ch_device_v1_Image, _ch_device_v1_Image__Output>
        Info: MessageTypeDefinition<_ch_device_v1_Info, _ch_device_v1_Info__Output>
        Limits: MessageTypeDefinition<_ch_device_v1_Limits, _ch_device_v1_Limits__Output>
        Operation: EnumTypeDefinition
        OperationStats: MessageTypeDefinition<_ch_device_v1_OperationStats, _ch_device_v1_OperationStats__Output>
        Queue: MessageTypeDefinition<_ch_device_v1_Queue, _ch_device_v1_Queue__Output>
        ResizeRequest: MessageTypeDefinition<_ch_device_v1_ResizeRequest, _ch_device_v1_ResizeRequest__Output>
        ResizeResponse: MessageTypeDefinition<_ch_device_v1_ResizeResponse, _ch_device_v1_ResizeResponse__Output>
        ResumeRequest: MessageTypeDefinition<_ch_device_v1_ResumeRequest, _ch_device_v1_ResumeRequest__Output>
        ResumeResponse: MessageTypeDefinition<_ch_device_v1_ResumeResponse, _ch_device_v1_ResumeResponse__Output>
        SessionState: EnumTypeDefinition
        Stats: MessageTypeDefinition<_ch_device_v1_Stats, _ch_device_v1_Stats__Output>
        TokenBucket: MessageTypeDefinition<_ch_device_v1_TokenBucket, _ch_device_v1_TokenBucket__Output>
        UpdateLimitsRequest: MessageTypeDefinition<_ch_device_v1_UpdateLimitsRequest, _ch_device_v1_UpdateLimitsRequest__Output>
        UpdateLimitsResponse: MessageTypeDefinition<_ch_device_v1_UpdateLimitsResponse, _ch_device_v1_UpdateLimitsResponse__Output>
        UpgradeRequest: MessageTypeDefinition<_ch_device_v1_UpgradeRequest, _ch_device_v1_UpgradeRequest__Output>
        UpgradeResponse: MessageTypeDefinition<_ch_device_v1_UpgradeResponse, _ch_device_v1_UpgradeResponse__Output>
        WatchStatsRequest: MessageTypeDefinition<_ch_device_v1_WatchStatsRequest, _ch_device_v1_WatchStatsRequest__Output>
        WriteCache: EnumTypeDefinition
      }
    }
  }
  google: {
    protobuf: {
      FieldMask: MessageTypeDefinition<_google_protobuf_FieldMask, _google_protobuf_FieldMask__Output>
      Timestamp: MessageTypeDefinition<_google_protobuf_Timestamp, _google_protobuf_Timestamp__Output>
    }
  }
}

