// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a host has, in Java: systems (guests, switches, the host itself), their devices, and the
// profiles that are followed.
//
//     java -cp wbem-java.jar contrib/examples/Inventory.java https://localhost:5989 anna PASSWORD
//
// The client is https://github.com/MetricsHub/wbem-java; SBLIM's older one, javax.wbem, has the
// same classes in packages without the first part of their names. It looks at the server's
// certificate only if it is told to, and for TLS at all Java 9 and later must be told something too:
//     -Dsblim.wbem.sslClientPeerVerification=true -Djavax.net.ssl.trustStore=FILE
//     -Djavax.net.ssl.trustStorePassword=… --add-exports java.base/sun.security.ssl=ALL-UNNAMED

import java.net.URI;
import java.util.Locale;
import javax.security.auth.Subject;
import org.metricshub.wbem.javax.cim.CIMArgument;
import org.metricshub.wbem.javax.cim.CIMClass;
import org.metricshub.wbem.javax.cim.CIMInstance;
import org.metricshub.wbem.javax.cim.CIMObjectPath;
import org.metricshub.wbem.javax.wbem.CloseableIterator;
import org.metricshub.wbem.javax.wbem.WBEMException;
import org.metricshub.wbem.javax.wbem.client.PasswordCredential;
import org.metricshub.wbem.javax.wbem.client.UserPrincipal;
import org.metricshub.wbem.javax.wbem.client.WBEMClient;
import org.metricshub.wbem.javax.wbem.client.WBEMClientFactory;

public class Inventory {
    private static final String NAMESPACE = "root/virt", INTEROP = "interop";

    private final WBEMClient client = WBEMClientFactory.getClient("CIM-XML");

    private Inventory(URI server, String user, String password) throws WBEMException {
        Subject subject = new Subject();
        subject.getPrincipals().add(new UserPrincipal(user));
        subject.getPrivateCredentials().add(new PasswordCredential(password));
        client.initialize(new CIMObjectPath(server.getScheme(), server.getHost(),
            String.valueOf(server.getPort()), null, null, null), subject, new Locale[] {Locale.US});
    }

    private static CIMObjectPath named(String namespace, String name) {
        return new CIMObjectPath(null, null, null, namespace, name, null);
    }

    private static Object key(CIMObjectPath path, String name) {
        return path.getKey(name).getValue();
    }

    /** Each system, its state and its devices. */
    private void systems() throws WBEMException {
        String[] wanted = {"Name", "EnabledState"};
        CloseableIterator<CIMObjectPath> paths =
            client.enumerateInstanceNames(named(NAMESPACE, "CIM_ComputerSystem"));
        while (paths.hasNext()) {
            CIMInstance system = client.getInstance(paths.next(), false, false, wanted);
            System.out.println("system " + system.getPropertyValue("Name") + " state "
                + system.getPropertyValue("EnabledState"));
            CloseableIterator<CIMInstance> devices = client.associatorInstances(
                system.getObjectPath(), null, "CIM_LogicalDevice", null, null, false, null);
            while (devices.hasNext()) {
                CIMObjectPath device = devices.next().getObjectPath();
                System.out.println("  " + device.getObjectName() + " " + key(device, "DeviceID"));
            }
        }
    }

    /** The systems that run, by a query. */
    private void running() throws WBEMException {
        CloseableIterator<CIMInstance> found = client.execQuery(named(NAMESPACE, ""),
            "SELECT * FROM CIM_ComputerSystem WHERE EnabledState = 2", "WQL");
        while (found.hasNext()) {
            System.out.println("running " + found.next().getPropertyValue("Name"));
        }
    }

    /** Where the profiles that are followed begin, by a method of each. */
    private void profiles() throws WBEMException {
        CloseableIterator<CIMObjectPath> paths =
            client.enumerateInstanceNames(named(INTEROP, "CIM_RegisteredProfile"));
        while (paths.hasNext()) {
            CIMObjectPath path = paths.next();
            CIMArgument<?>[] out = new CIMArgument<?>[2];
            Object status = client.invokeMethod(path, "GetCentralInstances",
                new CIMArgument<?>[0], out);
            System.out.println("profile " + key(path, "InstanceID") + " returned " + status);
            for (CIMArgument<?> argument : out) {
                if (argument != null && argument.getValue() instanceof CIMObjectPath[]) {
                    for (CIMObjectPath each : (CIMObjectPath[]) argument.getValue()) {
                        System.out.println("  " + each.getObjectName());
                    }
                }
            }
        }
    }

    /** The properties that a class declares. */
    private void declared(String name) throws WBEMException {
        CIMClass found = client.getClass(named(NAMESPACE, name), true, true, true, null);
        System.out.println("class " + found.getName() + " : " + found.getSuperClassName());
        for (int i = 0; i < found.getPropertyCount(); i++) {
            System.out.println("  " + found.getProperty(i).getName());
        }
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 3) {
            System.err.println("usage: Inventory.java URL USER PASSWORD");
            System.exit(2);
        }
        Inventory inventory = new Inventory(URI.create(arguments[0]), arguments[1], arguments[2]);
        try {
            inventory.systems();
            inventory.running();
            inventory.profiles();
            inventory.declared("CIM_ComputerSystem");
        } catch (WBEMException error) {
            Throwable why = error.getCause();
            System.err.println("CIM error " + error.getID() + ": " + error.getMessage()
                + (why == null ? "" : " (" + why.getMessage() + ")"));
            System.exit(1);
        } finally {
            inventory.client.close();
        }
    }
}
