extension NetworkModel {
  /// Adds the routes that the kernel makes for the addresses of devices that are up (fib_add_ifaddr, ip6_rt…, addrconf).
  public mutating func addKernelRoutes() {
    for device in interfaces where device.isUp {
      for address in device.addresses {
        for route in address.address.isIPv6 ? Self.routes6(address, device) : Self.routes4(address, device)
        where !routes.contains(route) { routes.append(route) }
      }
      if !device.isLoopback, device.addresses.contains(where: { $0.address.isIPv6 }) {
        var group = Route(to: IPPrefix(IPAddress(isIPv6: true, high: 0xff << 56, low: 0), length: 8))
        group.kind = .multicast
        group.metric = 256
        routes.append(Self.own(group, Route.local, device))
      }
    }
  }

  private static func own(_ route: Route, _ table: UInt32, _ device: Interface) -> Route {
    var route = route
    route.table = table
    route.hops = [Hop(interface: device.index)]
    route.isOfKernel = true
    return route
  }

  private static func routes4(_ address: Interface.Address, _ device: Interface) -> [Route] {
    func route(_ to: IPAddress, _ length: Int, _ kind: Route.Kind, _ scope: UInt8, _ table: UInt32) -> Route {
      var route = Route(to: IPPrefix(to, length: length))
      route.kind = kind
      route.scope = scope
      route.source = address.address
      return own(route, table, device)
    }
    let network = address.address.masked(address.length)
    var routes = [route(address.address, 32, .local, 254, Route.local)]
    if let broadcast = address.broadcast, broadcast.number != .max {
      routes.append(route(broadcast, 32, .broadcast, 253, Route.local))
    }
    guard !network.isUnspecified, !address.isSecondary, network != address.address || address.length < 32 else {
      return routes
    }
    if device.isLoopback {
      routes.append(route(network, address.length, .local, 254, Route.local))
    } else {
      routes.append(route(network, address.length, .unicast, 253, Route.main))
    }
    if address.length < 31 {
      let last = IPAddress(
        isIPv6: false, high: network.high | UInt64(UInt32.max >> UInt32(address.length)) << 32, low: 0)
      if last != address.broadcast { routes.append(route(last, 32, .broadcast, 253, Route.local)) }
    }
    return routes
  }

  private static func routes6(_ address: Interface.Address, _ device: Interface) -> [Route] {
    var local = Route(to: IPPrefix(address.address, length: 128))
    local.kind = .local
    var routes = [own(local, Route.local, device)]
    if !address.address.isLoopback {
      var network = Route(to: IPPrefix(address.address, length: address.length))
      network.metric = 256
      routes.append(own(network, Route.main, device))
    }
    // The subnet-router anycast address (RFC 4291, 2.6.1).
    if device.forwards6, address.length < 127 {
      var anycast = Route(to: IPPrefix(address.address.masked(address.length), length: 128))
      anycast.kind = .anycast
      routes.append(own(anycast, Route.local, device))
    }
    return routes
  }
}
