// Original file: proto/ch/device/v1/device.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DrainRequest as _ch_device_v1_DrainRequest, DrainRequest__Output as _ch_device_v1_DrainRequest__Output } from '../../../ch/device/v1/DrainRequest.ts';
import type { DrainResponse as _ch_device_v1_DrainResponse, DrainResponse__Output as _ch_device_v1_DrainResponse__Output } from '../../../ch/device/v1/DrainResponse.ts';
import type { GetHealthRequest as _ch_device_v1_GetHealthRequest, GetHealthRequest__Output as _ch_device_v1_GetHealthRequest__Output } from '../../../ch/device/v1/GetHealthRequest.ts';
import type { GetInfoRequest as _ch_device_v1_GetInfoRequest, GetInfoRequest__Output as _ch_device_v1_GetInfoRequest__Output } from '../../../ch/device/v1/GetInfoRequest.ts';
import type { GetStatsRequest as _ch_device_v1_GetStatsRequest, GetStatsRequest__Output as _ch_device_v1_GetStatsRequest__Output } from '../../../ch/device/v1/GetStatsRequest.ts';
import type { Health as _ch_device_v1_Health, Health__Output as _ch_device_v1_Health__Output } from '../../../ch/device/v1/Health.ts';
import type { Info as _ch_device_v1_Info, Info__Output as _ch_device_v1_Info__Output } from '../../../ch/device/v1/Info.ts';
import type { ResizeRequest as _ch_device_v1_ResizeRequest, ResizeRequest__Output as _ch_device_v1_ResizeRequest__Output } from '../../../ch/device/v1/ResizeRequest.ts';
import type { ResizeResponse as _ch_device_v1_ResizeResponse, ResizeResponse__Output as _ch_device_v1_ResizeResponse__Output } from '../../../ch/device/v1/ResizeResponse.ts';
import type { ResumeRequest as _ch_device_v1_ResumeRequest, ResumeRequest__Output as _ch_device_v1_ResumeRequest__Output } from '../../../ch/device/v1/ResumeRequest.ts';
import type { ResumeResponse as _ch_device_v1_ResumeResponse, ResumeResponse__Output as _ch_device_v1_ResumeResponse__Output } from '../../../ch/device/v1/ResumeResponse.ts';
import type { Stats as _ch_device_v1_Stats, Stats__Output as _ch_device_v1_Stats__Output } from '../../../ch/device/v1/Stats.ts';
import type { UpdateLimitsRequest as _ch_device_v1_UpdateLimitsRequest, UpdateLimitsRequest__Output as _ch_device_v1_UpdateLimitsRequest__Output } from '../../../ch/device/v1/UpdateLimitsRequest.ts';
import type { UpdateLimitsResponse as _ch_device_v1_UpdateLimitsResponse, UpdateLimitsResponse__Output as _ch_device_v1_UpdateLimitsResponse__Output } from '../../../ch/device/v1/UpdateLimitsResponse.ts';
import type { UpgradeRequest as _ch_device_v1_UpgradeRequest, UpgradeRequest__Output as _ch_device_v1_UpgradeRequest__Output } from '../../../ch/device/v1/UpgradeRequest.ts';
import type { UpgradeResponse as _ch_device_v1_UpgradeResponse, UpgradeResponse__Output as _ch_device_v1_UpgradeResponse__Output } from '../../../ch/device/v1/UpgradeResponse.ts';
import type { WatchStatsRequest as _ch_device_v1_WatchStatsRequest, WatchStatsRequest__Output as _ch_device_v1_WatchStatsRequest__Output } from '../../../ch/device/v1/WatchStatsRequest.ts';

export interface DeviceClient extends grpc.Client {
  Drain(argument: _ch_device_v1_DrainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  Drain(argument: _ch_device_v1_DrainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  Drain(argument: _ch_device_v1_DrainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  Drain(argument: _ch_device_v1_DrainRequest, callback: grpc.requestCallback<_ch_device_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  drain(argument: _ch_device_v1_DrainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  drain(argument: _ch_device_v1_DrainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  drain(argument: _ch_device_v1_DrainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  drain(argument: _ch_device_v1_DrainRequest, callback: grpc.requestCallback<_ch_device_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  
  GetHealth(argument: _ch_device_v1_GetHealthRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_Health__Output>): grpc.ClientUnaryCall;
  GetHealth(argument: _ch_device_v1_GetHealthRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_Health__Output>): grpc.ClientUnaryCall;
  GetHealth(argument: _ch_device_v1_GetHealthRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_Health__Output>): grpc.ClientUnaryCall;
  GetHealth(argument: _ch_device_v1_GetHealthRequest, callback: grpc.requestCallback<_ch_device_v1_Health__Output>): grpc.ClientUnaryCall;
  getHealth(argument: _ch_device_v1_GetHealthRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_Health__Output>): grpc.ClientUnaryCall;
  getHealth(argument: _ch_device_v1_GetHealthRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_Health__Output>): grpc.ClientUnaryCall;
  getHealth(argument: _ch_device_v1_GetHealthRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_Health__Output>): grpc.ClientUnaryCall;
  getHealth(argument: _ch_device_v1_GetHealthRequest, callback: grpc.requestCallback<_ch_device_v1_Health__Output>): grpc.ClientUnaryCall;
  
  GetInfo(argument: _ch_device_v1_GetInfoRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_Info__Output>): grpc.ClientUnaryCall;
  GetInfo(argument: _ch_device_v1_GetInfoRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_Info__Output>): grpc.ClientUnaryCall;
  GetInfo(argument: _ch_device_v1_GetInfoRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_Info__Output>): grpc.ClientUnaryCall;
  GetInfo(argument: _ch_device_v1_GetInfoRequest, callback: grpc.requestCallback<_ch_device_v1_Info__Output>): grpc.ClientUnaryCall;
  getInfo(argument: _ch_device_v1_GetInfoRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_Info__Output>): grpc.ClientUnaryCall;
  getInfo(argument: _ch_device_v1_GetInfoRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_Info__Output>): grpc.ClientUnaryCall;
  getInfo(argument: _ch_device_v1_GetInfoRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_Info__Output>): grpc.ClientUnaryCall;
  getInfo(argument: _ch_device_v1_GetInfoRequest, callback: grpc.requestCallback<_ch_device_v1_Info__Output>): grpc.ClientUnaryCall;
  
  GetStats(argument: _ch_device_v1_GetStatsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_Stats__Output>): grpc.ClientUnaryCall;
  GetStats(argument: _ch_device_v1_GetStatsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_Stats__Output>): grpc.ClientUnaryCall;
  GetStats(argument: _ch_device_v1_GetStatsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_Stats__Output>): grpc.ClientUnaryCall;
  GetStats(argument: _ch_device_v1_GetStatsRequest, callback: grpc.requestCallback<_ch_device_v1_Stats__Output>): grpc.ClientUnaryCall;
  getStats(argument: _ch_device_v1_GetStatsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_Stats__Output>): grpc.ClientUnaryCall;
  getStats(argument: _ch_device_v1_GetStatsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_Stats__Output>): grpc.ClientUnaryCall;
  getStats(argument: _ch_device_v1_GetStatsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_Stats__Output>): grpc.ClientUnaryCall;
  getStats(argument: _ch_device_v1_GetStatsRequest, callback: grpc.requestCallback<_ch_device_v1_Stats__Output>): grpc.ClientUnaryCall;
  
  Resize(argument: _ch_device_v1_ResizeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_ResizeResponse__Output>): grpc.ClientUnaryCall;
  Resize(argument: _ch_device_v1_ResizeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_ResizeResponse__Output>): grpc.ClientUnaryCall;
  Resize(argument: _ch_device_v1_ResizeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_ResizeResponse__Output>): grpc.ClientUnaryCall;
  Resize(argument: _ch_device_v1_ResizeRequest, callback: grpc.requestCallback<_ch_device_v1_ResizeResponse__Output>): grpc.ClientUnaryCall;
  resize(argument: _ch_device_v1_ResizeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_ResizeResponse__Output>): grpc.ClientUnaryCall;
  resize(argument: _ch_device_v1_ResizeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_ResizeResponse__Output>): grpc.ClientUnaryCall;
  resize(argument: _ch_device_v1_ResizeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_ResizeResponse__Output>): grpc.ClientUnaryCall;
  resize(argument: _ch_device_v1_ResizeRequest, callback: grpc.requestCallback<_ch_device_v1_ResizeResponse__Output>): grpc.ClientUnaryCall;
  
  Resume(argument: _ch_device_v1_ResumeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  Resume(argument: _ch_device_v1_ResumeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  Resume(argument: _ch_device_v1_ResumeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  Resume(argument: _ch_device_v1_ResumeRequest, callback: grpc.requestCallback<_ch_device_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  resume(argument: _ch_device_v1_ResumeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  resume(argument: _ch_device_v1_ResumeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  resume(argument: _ch_device_v1_ResumeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  resume(argument: _ch_device_v1_ResumeRequest, callback: grpc.requestCallback<_ch_device_v1_ResumeResponse__Output>): grpc.ClientUnaryCall;
  
  UpdateLimits(argument: _ch_device_v1_UpdateLimitsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_UpdateLimitsResponse__Output>): grpc.ClientUnaryCall;
  UpdateLimits(argument: _ch_device_v1_UpdateLimitsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_UpdateLimitsResponse__Output>): grpc.ClientUnaryCall;
  UpdateLimits(argument: _ch_device_v1_UpdateLimitsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_UpdateLimitsResponse__Output>): grpc.ClientUnaryCall;
  UpdateLimits(argument: _ch_device_v1_UpdateLimitsRequest, callback: grpc.requestCallback<_ch_device_v1_UpdateLimitsResponse__Output>): grpc.ClientUnaryCall;
  updateLimits(argument: _ch_device_v1_UpdateLimitsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_UpdateLimitsResponse__Output>): grpc.ClientUnaryCall;
  updateLimits(argument: _ch_device_v1_UpdateLimitsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_UpdateLimitsResponse__Output>): grpc.ClientUnaryCall;
  updateLimits(argument: _ch_device_v1_UpdateLimitsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_UpdateLimitsResponse__Output>): grpc.ClientUnaryCall;
  updateLimits(argument: _ch_device_v1_UpdateLimitsRequest, callback: grpc.requestCallback<_ch_device_v1_UpdateLimitsResponse__Output>): grpc.ClientUnaryCall;
  
  Upgrade(argument: _ch_device_v1_UpgradeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_UpgradeResponse__Output>): grpc.ClientUnaryCall;
  Upgrade(argument: _ch_device_v1_UpgradeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_UpgradeResponse__Output>): grpc.ClientUnaryCall;
  Upgrade(argument: _ch_device_v1_UpgradeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_UpgradeResponse__Output>): grpc.ClientUnaryCall;
  Upgrade(argument: _ch_device_v1_UpgradeRequest, callback: grpc.requestCallback<_ch_device_v1_UpgradeResponse__Output>): grpc.ClientUnaryCall;
  upgrade(argument: _ch_device_v1_UpgradeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_UpgradeResponse__Output>): grpc.ClientUnaryCall;
  upgrade(argument: _ch_device_v1_UpgradeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_ch_device_v1_UpgradeResponse__Output>): grpc.ClientUnaryCall;
  upgrade(argument: _ch_device_v1_UpgradeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_ch_device_v1_UpgradeResponse__Output>): grpc.ClientUnaryCall;
  upgrade(argument: _ch_device_v1_UpgradeRequest, callback: grpc.requestCallback<_ch_device_v1_UpgradeResponse__Output>): grpc.ClientUnaryCall;
  
  WatchStats(argument: _ch_device_v1_WatchStatsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_ch_device_v1_Stats__Output>;
  WatchStats(argument: _ch_device_v1_WatchStatsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_ch_device_v1_Stats__Output>;
  watchStats(argument: _ch_device_v1_WatchStatsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_ch_device_v1_Stats__Output>;
  watchStats(argument: _ch_device_v1_WatchStatsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_ch_device_v1_Stats__Output>;
  
}

export interface DeviceHandlers extends grpc.UntypedServiceImplementation {
  Drain: grpc.handleUnaryCall<_ch_device_v1_DrainRequest__Output, _ch_device_v1_DrainResponse>;
  
  GetHealth: grpc.handleUnaryCall<_ch_device_v1_GetHealthRequest__Output, _ch_device_v1_Health>;
  
  GetInfo: grpc.handleUnaryCall<_ch_device_v1_GetInfoRequest__Output, _ch_device_v1_Info>;
  
  GetStats: grpc.handleUnaryCall<_ch_device_v1_GetStatsRequest__Output, _ch_device_v1_Stats>;
  
  Resize: grpc.handleUnaryCall<_ch_device_v1_ResizeRequest__Output, _ch_device_v1_ResizeResponse>;
  
  Resume: grpc.handleUnaryCall<_ch_device_v1_ResumeRequest__Output, _ch_device_v1_ResumeResponse>;
  
  UpdateLimits: grpc.handleUnaryCall<_ch_device_v1_UpdateLimitsRequest__Output, _ch_device_v1_UpdateLimitsResponse>;
  
  Upgrade: grpc.handleUnaryCall<_ch_device_v1_UpgradeRequest__Output, _ch_device_v1_UpgradeResponse>;
  
  WatchStats: grpc.handleServerStreamingCall<_ch_device_v1_WatchStatsRequest__Output, _ch_device_v1_Stats>;
  
}

export interface DeviceDefinition extends grpc.ServiceDefinition {
  Drain: MethodDefinition<_ch_device_v1_DrainRequest, _ch_device_v1_DrainResponse, _ch_device_v1_DrainRequest__Output, _ch_device_v1_DrainResponse__Output>
  GetHealth: MethodDefinition<_ch_device_v1_GetHealthRequest, _ch_device_v1_Health, _ch_device_v1_GetHealthRequest__Output, _ch_device_v1_Health__Output>
  GetInfo: MethodDefinition<_ch_device_v1_GetInfoRequest, _ch_device_v1_Info, _ch_device_v1_GetInfoRequest__Output, _ch_device_v1_Info__Output>
  GetStats: MethodDefinition<_ch_device_v1_GetStatsRequest, _ch_device_v1_Stats, _ch_device_v1_GetStatsRequest__Output, _ch_device_v1_Stats__Output>
  Resize: MethodDefinition<_ch_device_v1_ResizeRequest, _ch_device_v1_ResizeResponse, _ch_device_v1_ResizeRequest__Output, _ch_device_v1_ResizeResponse__Output>
  Resume: MethodDefinition<_ch_device_v1_ResumeRequest, _ch_device_v1_ResumeResponse, _ch_device_v1_ResumeRequest__Output, _ch_device_v1_ResumeResponse__Output>
  UpdateLimits: MethodDefinition<_ch_device_v1_UpdateLimitsRequest, _ch_device_v1_UpdateLimitsResponse, _ch_device_v1_UpdateLimitsRequest__Output, _ch_device_v1_UpdateLimitsResponse__Output>
  Upgrade: MethodDefinition<_ch_device_v1_UpgradeRequest, _ch_device_v1_UpgradeResponse, _ch_device_v1_UpgradeRequest__Output, _ch_device_v1_UpgradeResponse__Output>
  WatchStats: MethodDefinition<_ch_device_v1_WatchStatsRequest, _ch_device_v1_Stats, _ch_device_v1_WatchStatsRequest__Output, _ch_device_v1_Stats__Output>
}
