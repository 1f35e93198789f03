// Original file: proto/ch/device/v1/device.proto


export interface Health {
  'serving'?: (boolean);
  'detail'?: (string);
}

export interface Health__Output {
  'serving': (boolean);
  'detail': (string);
}
